# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Steps that boot a guest; each is queued.

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
	local run=$1 kernel=${1%%+*} words word machine
	shift
	[ $# -gt 0 ] || set -- build/"$kernel"/kunit/*_kunit.ko
	mapfile -t machine < <(machine_of "$kernel")
	IFS=+ read -ra words <<<"${run#"$kernel"}"
	for word in "${words[@]:1}"; do machine+=(-e "$word"); done
	# In an emulator most of the time would go to grace periods; um-7.2 has them as they come.
	[[ $kernel == um-* ]] ||
		machine+=(-e rcupdate.rcu_expedited=1 -e rcutree.jiffies_till_first_fqs=0)
	[ -z "$suite" ] || machine+=(-e kmemleak=off)
	queue cases "kunit $run" suites "$kernel" "build/log/guest-kunit-$run.log" -m 1024 -t "$([ -z "$all" ] && echo 1200 || echo 2400)" "${machine[@]}" \
		scripts/guest.d/kunit.sh "${1%%/kunit/*}/swimmem/swimmem.ko" "$@"
}

# Count what came of its cases.
cases()
{
	local step=$1 log=build/log/guest-kunit-${1#kunit }.log cases result of name
	cases=$log.cases
	awk -f scripts/ktap.awk "$log" >"$cases"
	count "$step" "$(wc -l <"$cases")"
	while read -r result of name; do
		case $result in
		passed)  passed=$((passed + 1)) ;;
		skipped) skipped=$((skipped + 1)) ;;
		*)
			fail "$step: $of: $name"
			echo "FAILED  $step: $of: $name"
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
	queue count "shadow $1" scripts/guest -k "$1" "${machine[@]}" -m 1024 -t 300 -l "build/log/guest-shadow-$1.log" \
		-o "build/log/shadow-$1" -e workers=2 -e "seconds=$2" -e size=2 \
		scripts/guest.d/shadow.sh scripts/guest.d/work.sh "build/$1"/{swimmem/swimmem,samples/shadow}.ko
}

# torture KERNEL SECONDS
torture() { queue operations "torture $1" scripts/torture "$2" 1 "$1"; }

# Its cases are what its threads have done.
operations()
{
	count "$1" "$(awk '
		/torture: [a-z -]+, [0-9]+: / {
			sub(/.*torture: [a-z -]+, [0-9]+: /, "")
			for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+$/) done += $i
		}
		END { print done + 0 }' "build/log/torture-${1#torture }.log")"
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
	queue count "$name $kernel" scripts/guest -k "$kernel" -m 1024 -t 900 -l "build/log/guest-$name-$kernel.log" \
		"${machine[@]}" "scripts/guest.d/$name.sh" "${files[@]}"
}
