# SPDX-License-Identifier: GPL-2.0-only
# In a guest: measure the topics $run with $parameters; the figures go into the kernel's log. With $symbols, bring out
# where swimmem's functions are.

dmesg -n 4
for module in zsmalloc swimmem; do
	[ ! -e $module.ko ] || insmod $module.ko || exit 1
done
[ -z "$symbols" ] || grep '\[swimmem\]' /proc/kallsyms | put symbols
dmesg -n 7
insmod bench.ko run=$run $parameters || exit 1
rmmod bench && rmmod swimmem
