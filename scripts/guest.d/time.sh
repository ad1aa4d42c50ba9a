# SPDX-License-Identifier: GPL-2.0-only
# In a guest with several CPUs: the module prints its figures into the kernel's log.

dmesg -n 4
insmod swimmem.ko || exit 1
dmesg -n 7
for module in lease time; do
	[ -e $module.ko ] || continue
	insmod $module.ko || exit 1
	rmmod $module || exit 1
done
rmmod swimmem
