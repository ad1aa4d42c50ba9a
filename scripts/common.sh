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

# How a kernel's make is told what it builds for.
arch_of()
{
	case $1 in
	um-*)   echo um ;;
	i386-*) echo i386 ;;
	*)      echo x86_64 ;;
	esac
}
