# SPDX-License-Identifier: GPL-2.0-only
# In a guest: run each suite that was brought along. Loading its module runs it; the results are in the kernel's log.
# $parameters are those of swimmem: debug=1.

leaks clear

# Nothing is charged to the memory control group at the root.
groups=/sys/fs/cgroup
if mount -t cgroup2 none $groups 2>/dev/null; then
	echo +memory >$groups/cgroup.subtree_control
	mkdir $groups/suites
	echo $$ >$groups/suites/cgroup.procs
fi

# Each suite finds a module that was loaded afresh, and must leave nothing in it that keeps it from being unloaded.
status=0
for suite in *_kunit.ko; do
	[ -d /sys/module/swimmem ] || insmod swimmem.ko $parameters || exit 1
	note "suite ${suite%_kunit.ko}"
	insmod $suite || status=1
	rmmod ${suite%.ko} || status=1
	# A file that a thread of the kernel has closed is let go a moment later.
	rmmod swimmem 2>/dev/null || { sleep 1; rmmod swimmem; } || { note "${suite%_kunit.ko} left something behind"; status=1; }
done

leaks || status=1
exit $status
