# SPDX-License-Identifier: GPL-2.0-only
# In a guest that counts instructions: the modules print their figures into the kernel's log.

dmesg -n 4
for module in zsmalloc swimmem; do
	[ ! -e $module.ko ] || insmod $module.ko || exit 1
done
dmesg -n 7
for module in count live; do
	insmod $module.ko && rmmod $module || exit 1
done
rmmod swimmem
