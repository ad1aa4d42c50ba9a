# SPDX-License-Identifier: GPL-2.0-only
# In a guest: shadow the system's allocations while it works, compact, unload. Brings out what debugfs said before and
# after: {before,after}.{verify,shadow,totals,stats,histogram,map,pauses,costs,history}. $workers, $seconds and $size are
# for work.sh, which comes along. $parameters are those of swimmem: with target=0 nothing is compacted before it is asked
# for.

: ${seconds:=18} ${size:=12} ${workers:=$(nproc)}
. ./work.sh
swimmem=/sys/kernel/debug/swimmem
shadow=/sys/kernel/debug/shadow

# Copy a file without a new process: what one allocates would be in the figures.
copy() { while IFS= read -r line; do echo "$line"; done <$1 >$2; }

# All figures first, then out with them.
tell()
{
	copy $swimmem/pools/shadow/stats /tmp/stats
	copy $shadow/stats /tmp/shadow
	copy $swimmem/pools/shadow/histogram /tmp/histogram
	copy $swimmem/pools/shadow/map /tmp/map
	copy $swimmem/totals /tmp/totals
	for file in pauses costs history; do
		copy $swimmem/pools/shadow/$file /tmp/$file
	done
	for file in stats shadow histogram map totals pauses costs history; do
		put "$1.$file" </tmp/$file
	done
	put "$1.verify" <$shadow/verify
}

mount -t tmpfs -o size=60% work /tmp
insmod swimmem.ko $parameters || exit 1
insmod shadow.ko || exit 1
burst
tell before
echo 1 >$swimmem/pools/shadow/compact || exit 1
tell after
for errors in pattern_errors lease_errors; do
	grep -q "^$errors *0 " $shadow/stats || { note "shadow: $errors"; exit 1; }
done
grep -q '^errors *0 ' $shadow/verify || { note "shadow: wrong objects"; exit 1; }
# Nobody unloads what is in use.
rmmod swimmem 2>/dev/null && { note "swimmem unloaded under its client"; exit 1; }
rm -r /tmp/files
rmmod shadow || exit 1
put end.totals <$swimmem/totals
rmmod swimmem
