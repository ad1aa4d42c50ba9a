# SPDX-License-Identifier: GPL-2.0-only
# In a guest of little memory: a pool that has become nearly empty, and somebody who takes memory until he is killed. The
# topic tells its figures in the kernel's log, the last ones when the module goes.

sysctl -q vm.oom_dump_tasks=0
dmesg -n 4
for module in zsmalloc swimmem; do
	[ ! -e $module.ko ] || insmod $module.ko || exit 1
done
dmesg -n 7
insmod bench.ko run=pressure $parameters || exit 1
note "$(grep MemFree /proc/meminfo)"
# He is the first to go.
sh -c 'echo 1000 >/proc/self/oom_score_adj; exec tail /dev/zero'
status=$?
note "who took memory ended with $status"
rmmod bench || exit 1
rmmod swimmem || exit 1
! dmesg | grep -E 'bench: pressure: ' || exit 1
# By a signal that cannot be caught.
[ $status = 137 ]
