# SPDX-License-Identifier: GPL-2.0-only
# In a guest: load and unload the README's client.

insmod swimmem.ko && insmod client.ko || exit 1
dmesg | grep -q 'client: ' || { note "the client said nothing"; exit 1; }
rmmod client && rmmod swimmem
