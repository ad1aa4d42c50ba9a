# SPDX-License-Identifier: GPL-2.0-only
# In a guest that counts instructions: the module prints its figures into the kernel's log while it is loaded.

dmesg -n 4
for module in zsmalloc swimmem; do
	[ ! -e $module.ko ] || insmod $module.ko || exit 1
done
dmesg -n 7
insmod count.ko || exit 1
rmmod count && rmmod swimmem
