# SPDX-License-Identifier: GPL-2.0-only
# In a guest: shadow the system's allocations while it works, compact, unload. Brings out what debugfs said before and
# after: {before,after}.{verify,shadow,totals,stats,histogram,map,pauses,costs,history}. $workers work for $seconds, in
# rounds of $size directories. $parameters are those of swimmem: with target=0 nothing is compacted before it is asked for.

: ${seconds:=18} ${size:=12} ${workers:=$(nproc)}
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

uptime() { cut -d. -f1 /proc/uptime; }

# One round of a small system's day: files made, packed, unpacked, read, sorted, and every second one taken away again.
work()
{
	local d=$1 i
	mkdir -p $d
	for i in $(seq 1 $size); do
		mkdir -p $d/$i/a/b
		( cd $d/$i/a/b && seq 1 $((size * 8)) | xargs touch )
		seq 1 400 >$d/$i/numbers
	done
	tar -cf $d/all.tar -C $d $(seq 1 $size)
	mkdir $d/again
	tar -xf $d/all.tar -C $d/again
	gzip -c $d/all.tar >$d/all.gz
	find $d -name numbers | xargs sha256sum | sort >$d/sums
	find $d -type f | sort -r | md5sum >>$d/sums
	dd if=/dev/zero of=$d/zero bs=4k count=256 2>/dev/null
	ps >/dev/null
	find $d -name '*[13579]' -type f | xargs rm
	rm -r $d/again/1 $d/2 $d/all.tar $d/zero
}

# Rounds until the time is up. What older rounds left goes in part.
worker()
{
	local round=0
	until [ $(uptime) -ge $end_of_work ]; do
		round=$((round + 1))
		work /tmp/files/$1/$round
		[ $((round % 3)) != 0 ] || rm -r /tmp/files/$1/$((round - 1))
	done
	note "worker $1: $round rounds"
}

mount -t tmpfs -o size=60% work /tmp
insmod swimmem.ko $parameters || exit 1
insmod shadow.ko || exit 1
end_of_work=$(($(uptime) + seconds))
for i in $(seq $workers); do
	worker $i &
done
wait
# The burst is over: most of what is left goes, here and there.
find /tmp/files -type f -name '*[24]' | xargs rm
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
