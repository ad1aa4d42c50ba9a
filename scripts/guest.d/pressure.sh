# SPDX-License-Identifier: GPL-2.0-only
# In a guest of little memory: a pool that has become nearly empty, and somebody who takes memory until he is killed. The
# module prints its figures into the kernel's log.

sysctl -q vm.oom_dump_tasks=0
dmesg -n 4
insmod swimmem.ko || exit 1
dmesg -n 7
insmod pressure.ko $parameters || exit 1
note "$(grep MemFree /proc/meminfo)"
# He is the first to go.
sh -c 'echo 1000 >/proc/self/oom_score_adj; exec tail /dev/zero'
status=$?
note "who took memory ended with $status"
rmmod pressure || exit 1
rmmod swimmem || exit 1
# By a signal that cannot be caught.
[ $status = 137 ]
