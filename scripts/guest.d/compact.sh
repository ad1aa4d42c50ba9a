# SPDX-License-Identifier: GPL-2.0-only
# In a guest with two CPUs: each module that was brought along prints its figures of compaction into the kernel's log.

dmesg -n 4
insmod swimmem.ko || exit 1
dmesg -n 7
for module in compact walk pins churn; do
	[ -e $module.ko ] || continue
	insmod $module.ko $parameters || exit 1
	rmmod $module || exit 1
done
rmmod swimmem
