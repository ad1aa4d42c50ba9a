# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a step is, and how steps are counted.

began=$EPOCHSECONDS
passed=0 failed=0 skipped=0
failures=()
table=build/log/check.tsv
printf 'step\tresult\tseconds\tcases\n' >$table

# step NAME COMMAND...: run it and count; what it says stays in a log unless it fails.
step()
{
	begin "$1"
	run "$@"
	count "$1"
}

queued=() ends=() commands=()

# queue END NAME COMMAND...: a step for run_queue; then END counts it, by its name, with what it has said.
queue()
{
	ends+=("$1")
	queued+=("$2")
	shift 2
	commands+=("$(printf '%q ' "$@")")
}

# run_queue N: run what was queued, N steps at once; they are counted one after another.
run_queue()
{
	local at_once=$1 i next=0
	for i in "${!queued[@]}"; do
		rm -f "$(log_of "${queued[i]}").ended"
	done
	for i in "${!queued[@]}"; do
		until [ -e "$(log_of "${queued[i]}").ended" ]; do
			while [ $next -lt ${#queued[@]} ] && [ "$(jobs -rp | wc -l)" -lt "$at_once" ]; do
				begin "${queued[next]}"
				eval "run ${queued[next]@Q} ${commands[next]}" &
				next=$((next + 1))
			done
			# 127: there is none to wait for.
			wait -n || [ $? != 127 ] || break
		done
		"${ends[i]}" "${queued[i]}"
	done
	queued=() ends=() commands=()
}

log_of() { echo "build/log/$(tr -cs 'A-Za-z0-9.\n' '-' <<<"$1").log"; }

# Where somebody looks on, the step that is running stands in the last line.
begin() { [ ! -t 1 ] || printf '%s         %s\r' "$(elapsed)" "$1"; }

elapsed() { printf '%3d:%02d' $(((EPOCHSECONDS - began) / 60)) $(((EPOCHSECONDS - began) % 60)); }

run()
{
	local log start=$EPOCHREALTIME status
	log=$(log_of "$1")
	shift
	# Not `|| status=$?`: bash takes no notice of `set -e` in there.
	set +e
	( set -e; "$@" ) >"$log" 2>&1 </dev/null
	status=$?
	set -e
	echo "$status $start $EPOCHREALTIME" >"$log.ended"
}

# count NAME [CASES]: of a step that has run, with how many things it has tried, where that is known.
count()
{
	local log status start end
	log=$(log_of "$1")
	read -r status start end <"$log.ended"
	if [ "$status" = 0 ]; then
		passed=$((passed + 1))
		line passed "$1" "$start" "$end" "${2:-}"
	else
		fail "$1"
		line FAILED "$1" "$start" "$end" "${2:-}"
		# A guest tells here what its kernel reported.
		tail -n 170 "$log" | sed 's/^/    /'
		echo "    the whole of it is in $log"
	fi
}

# fail WHAT
fail()
{
	failed=$((failed + 1))
	failures+=("$1")
}

# line RESULT NAME START END CASES
line()
{
	awk -v at="$(elapsed)" -v r="$1" -v n="$2" -v s="$3" -v e="$4" -v cases="$5" -v table=$table 'BEGIN {
		printf "%s  %-7s %-46s %6.1f s\n", at, r, n, e - s
		printf "%s\t%s\t%.1f\t%s\n", n, r, e - s, cases >>table
	}'
}

# Who sees the end only sees what has failed.
finish()
{
	[ $failed = 0 ] || printf 'FAILED  %s\n' "${failures[@]}"
	[ $skipped = 0 ] || echo "$skipped cases were skipped by themselves; each says why in build/log/"
	echo "$passed passed, $failed failed, in $(elapsed | tr -d ' ') minutes; $table has each step"
	[ $failed = 0 ]
	exit
}
