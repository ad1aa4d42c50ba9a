# SPDX-License-Identifier: GPL-2.0-only
# In a guest: load and unload the README's client, and the tree.

insmod swimmem.ko && insmod client.ko || exit 1
dmesg | grep -q 'client: ' || { note "the client said nothing"; exit 1; }
rmmod client || exit 1
insmod tree.ko || exit 1
dmesg | grep -q 'tree: .* all found' || { note "the tree said nothing"; exit 1; }
rmmod tree && rmmod swimmem
