# SPDX-License-Identifier: GPL-2.0-only
# In a guest of little memory: the torture, and somebody beside it who takes memory until he is killed, again and again,
# for $seconds. Of swimmem and its clients nobody notices but by an errno, and their memory comes back.
# torture.sh comes along.
#
#	scripts/guest -k um-7.2 -c 2 -m 96 -t 300 -e rcutree.jiffies_till_first_fqs=0 -a 'Call Trace:' \
#		scripts/guest.d/oom.sh scripts/guest.d/torture.sh build/um-7.2/{swimmem/swimmem,bench/torture}.ko

: ${seconds:=30} ${bound:=4096}
status=0

# KiB, when all that can go has gone.
free()
{
	echo 7 >/proc/sys/vm/drop_caches
	sleep 2
	sed -n 's/^MemFree: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# He is the first to go, and who is here never goes: a kernel with nobody to kill dies itself.
echo -1000 >/proc/self/oom_score_adj
sysctl -q vm.oom_dump_tasks=0
eat()
{
	while [ -e /tmp/eating ]; do
		sh -c 'echo 1000 >/proc/self/oom_score_adj; exec tail /dev/zero'
		# By a signal that cannot be caught.
		[ $? = 137 ] || echo >/tmp/survived
	done 2>/dev/null
}

# What a first run takes for good is not what this asks for.
shortage=1 seconds=1 sh ./torture.sh || status=1
before=$(free)
echo >/tmp/eating
eat &
shortage=1 seconds=$seconds sh ./torture.sh || status=1
rm /tmp/eating
wait
after=$(free)
kills=$(dmesg | grep -c 'Out of memory: Killed process')
note "oom: $kills killed, $before KiB free before and $after after"
[ $kills != 0 ] && [ ! -e /tmp/survived ] || { note "oom: nobody was killed"; status=1; }
[ $((before - after)) -lt $bound ] || { note "oom: memory has not come back"; status=1; }
exit $status
