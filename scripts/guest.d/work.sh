# SPDX-License-Identifier: GPL-2.0-only
# In a guest, for other scripts there, which are to bring it along: a system at work. $workers work for $seconds, in
# rounds of $size directories, in /tmp/files.

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

# All of them, and then the burst is over: most of what is left goes, here and there.
burst()
{
	local i
	end_of_work=$(($(uptime) + seconds))
	for i in $(seq $workers); do
		worker $i &
	done
	wait
	find /tmp/files -type f -name '*[24]' | xargs rm
}
