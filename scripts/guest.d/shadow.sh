# SPDX-License-Identifier: GPL-2.0-only
# In a guest: shadow the system's allocations while it works, compact twice, unload. Brings out what debugfs said:
# {early,before,after}.{totals,stats,map,shadow}. How long it works is $seconds.

pools=/sys/kernel/debug/swimmem
tell()
{
	put "$1.shadow" </sys/kernel/debug/shadow/stats
	put "$1.totals" <$pools/totals
	put "$1.stats" <$pools/pools/shadow/stats
	put "$1.histogram" <$pools/pools/shadow/histogram
	put "$1.map" <$pools/pools/shadow/map
}

# One round of a small system's day: files made, packed, unpacked, read, sorted, and every second one taken away again.
work()
{
	local d=$1 i
	mkdir -p $d
	for i in $(seq 1 12); do
		mkdir -p $d/$i/a/b
		( cd $d/$i/a/b && seq 1 100 | xargs touch )
		seq 1 400 >$d/$i/numbers
	done
	tar -cf $d/all.tar -C $d $(seq 1 12)
	mkdir $d/again
	tar -xf $d/all.tar -C $d/again
	gzip -c $d/all.tar >$d/all.gz
	find $d -name numbers | xargs sha256sum | sort >$d/sums
	find $d -type f | sort -r | md5sum >>$d/sums
	dd if=/dev/zero of=$d/zero bs=4k count=256 2>/dev/null
	ps >/dev/null
	find $d -name '*[13579]' -type f | xargs rm
	rm -r $d/again/2 $d/4 $d/all.tar $d/zero
}

# Rounds until the time is up. What older rounds left goes in part.
worker()
{
	local round=0
	until [ $(cut -d. -f1 /proc/uptime) -ge ${seconds:-25} ]; do
		round=$((round + 1))
		work /tmp/work/$1/$round
		[ $((round % 3)) != 0 ] || rm -r /tmp/work/$1/$((round - 1))
	done
	note "worker $1: $round rounds"
}

mount -t tmpfs -o size=60% work /tmp
insmod swimmem.ko || exit 1
insmod shadow.ko || exit 1
for cpu in $(seq $(nproc)); do
	worker $cpu &
done
wait
tell before
echo 1 >$pools/pools/shadow/compact || exit 1
tell after
rm -r /tmp/work
rmmod shadow || exit 1
put end.totals <$pools/totals
rmmod swimmem
