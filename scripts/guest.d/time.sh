# SPDX-License-Identifier: GPL-2.0-only
# In a guest with several CPUs: the module prints its figures into the kernel's log.

dmesg -n 4
insmod swimmem.ko || exit 1
dmesg -n 7
insmod time.ko || exit 1
rmmod time && rmmod swimmem
