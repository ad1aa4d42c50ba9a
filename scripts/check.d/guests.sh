# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Steps that boot a guest.

# suites KERNEL LOG OPTIONS...: run suites in a guest. User-mode Linux 6.1 itself dies in one run of a hundred, while it unmaps
# the init memory of a module and takes an interrupt; without a case that failed, that is tried once more.
suites()
{
	local kernel=$1 log=$2
	shift 2
	scripts/guest -k "$kernel" -l "$log" "$@" && return
	[ "$kernel" = um-6.1 ] || return 1
	if grep -qE 'not ok|EXPECTATION|ASSERTION|violation|KASAN|BUG:' "$log"; then
		return 1
	fi
	echo "um-6.1 died without a failed case: once more"
	scripts/guest -k "$kernel" -l "$log" "$@"
}

# kunit RUN [SUITE...]: run suites, all there are if none is named, in one guest. A RUN is a kernel with words on its command
# line: KERNEL[+WORD...]. The guest is a step, and so is each case.
kunit()
{
	kunit_begin "$@"
	wait
	kunit_end "$1"
}

# kunits RUN...: the same with all suites, several guests at once where all is checked: most cases keep one CPU busy.
kunits()
{
	local runs=("$@") run next=0 at_once=1
	[ -z "$all" ] || at_once=$(nproc)
	for run; do
		rm -f "$(log_of "kunit $run").ended"
	done
	for run; do
		until [ -e "$(log_of "kunit $run").ended" ]; do
			while [ $next -lt $# ] && [ "$(jobs -rp | wc -l)" -lt "$at_once" ]; do
				kunit_begin "${runs[next++]}"
			done
			# 127: there is none to wait for.
			wait -n || [ $? != 127 ] || break
		done
		kunit_end "$run"
	done
}

kunit_log() { echo "build/log/guest-kunit-$1.log"; }

# Begin such a guest in the background.
kunit_begin()
{
	local run=$1 kernel=${1%%+*} words word machine
	shift
	[ $# -gt 0 ] || set -- build/"$kernel"/kunit/*_kunit.ko
	mapfile -t machine < <(machine_of "$kernel")
	IFS=+ read -ra words <<<"${run#"$kernel"}"
	for word in "${words[@]:1}"; do machine+=(-e "$word"); done
	[ -z "$suite" ] || machine+=(-e kmemleak=off)
	begin "kunit $run"
	run "kunit $run" suites "$kernel" "$(kunit_log "$run")" -m 1024 -t 1200 "${machine[@]}" \
		scripts/guest.d/kunit.sh "${1%%/kunit/*}/swimmem/swimmem.ko" "$@" &
}

# It has ended: count what came of its cases.
kunit_end()
{
	local run=$1 log cases result of name
	log=$(kunit_log "$run")
	cases=$log.cases
	awk -f scripts/ktap.awk "$log" >"$cases"
	count "kunit $run" "$(wc -l <"$cases")"
	while read -r result of name; do
		case $result in
		passed)  passed=$((passed + 1)) ;;
		skipped) skipped=$((skipped + 1)) ;;
		*)
			failed=$((failed + 1))
			echo "FAILED  kunit $run: $of: $name"
			grep -m1 -A3 -E "# $name: .* FAILED" "$log" | sed 's/^/    /' || true
			;;
		esac
	done <"$cases"
	awk '
		{ if (!($2 in n)) order[++suites] = $2; n[$2]++; count[$2, $1]++ }
		END {
			for (i = 1; i <= suites; i++) {
				s = order[i]
				printf "        %-34s %4d passed", s, count[s, "passed"]
				if (count[s, "failed"]) printf ", %d failed", count[s, "failed"]
				if (count[s, "skipped"]) printf ", %d skipped", count[s, "skipped"]
				print ""
			}
		}' "$cases"
}

# shadow KERNEL SECONDS
shadow()
{
	local machine
	mapfile -t machine < <(machine_of "$1")
	step "shadow $1" scripts/guest -k "$1" "${machine[@]}" -m 1024 -t 300 -l "build/log/guest-shadow-$1.log" \
		-o "build/log/shadow-$1" -e workers=2 -e "seconds=$2" -e size=2 \
		scripts/guest.d/shadow.sh scripts/guest.d/work.sh "build/$1"/{swimmem/swimmem,samples/shadow}.ko
}

# torture KERNEL SECONDS: its cases are what its threads have done.
torture()
{
	begin "torture $1"
	run "torture $1" scripts/torture "$2" 1 "$1"
	count "torture $1" "$(awk '
		/torture: [a-z -]+, [0-9]+: / {
			sub(/.*torture: [a-z -]+, [0-9]+: /, "")
			for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+$/) done += $i
		}
		END { print done + 0 }' "build/log/torture-$1.log")"
}

# trial NAME KERNEL OPTION... -- FILE...: scripts/guest.d/NAME.sh, whose head tells what it does, with files from there and
# modules, as they are called in the tree that was built.
trial()
{
	local name=$1 kernel=$2 machine file files=()
	shift 2
	mapfile -t machine < <(machine_of "$kernel")
	while [ "$1" != -- ]; do machine+=("$1"); shift; done
	shift
	for file; do
		case $file in
		*.*) files+=("scripts/guest.d/$file") ;;
		*)   files+=("build/$kernel/$file.ko") ;;
		esac
	done
	step "$name $kernel" scripts/guest -k "$kernel" -m 1024 -t 900 -l "build/log/guest-$name-$kernel.log" \
		"${machine[@]}" "scripts/guest.d/$name.sh" "${files[@]}"
}
