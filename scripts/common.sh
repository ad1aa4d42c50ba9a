# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts here share; each begins with `. "${BASH_SOURCE%/*}/common.sh"`.

set -euo pipefail
export LC_ALL=C

top=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/swimmem
cd "$top"
mkdir -p "$cache" build/log

# Progress goes to stderr: stdout is for results.
say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# quietly LOG COMMAND...: run it, its output into LOG; when it fails, show the end of that.
quietly()
{
	local log=$1 status=0
	shift
	"$@" >"$log" 2>&1 </dev/null || status=$?
	[ $status = 0 ] && return
	tail -n 30 "$log" >&2
	say "the whole of it is in $log"
	return $status
}

# one_at_a_time NAME: wait until nobody else holds the lock NAME; it is ours until this process ends.
one_at_a_time()
{
	local lock
	exec {lock}>"$cache/$1.lock"
	flock -n "$lock" || { say "waiting for another run to finish with $1"; flock "$lock"; }
}

# How make is told what a kernel, and a module for it, are built for; a word on each line.
builds_for()
{
	case $1 in
	um-*)      echo ARCH=um ;;
	i386-*)    echo ARCH=i386 ;;
	arm64*)    printf '%s\n' ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- ;;
	# The oldest one that there is here, and one that is new enough.
	clang-6.1) printf '%s\n' ARCH=x86_64 CC=clang-14 ;;
	clang-*)   printf '%s\n' ARCH=x86_64 CC=clang-19 ;;
	*)         echo ARCH=x86_64 ;;
	esac
}

# How scripts/guest is told on what machine a kernel is tested; a word on each line.
machine_of()
{
	case $1 in
	# These CPUs are real ones, and a tick is 10 ms: most of the time would go to grace periods.
	um-7.2)                  printf '%s\n' -c 2 -e rcutree.jiffies_till_first_fqs=0 ;;
	um-*)                    printf '%s\n' -c 1 ;;
	stock-* | rt-* | i386-*) printf '%s\n' -c 2 ;;
	*)                       printf '%s\n' -c 4 ;;
	esac
}
