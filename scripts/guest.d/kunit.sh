# SPDX-License-Identifier: GPL-2.0-only
# In a guest: run each suite that was brought along. Loading its module runs it; the results are in the kernel's log.

leaks=/sys/kernel/debug/kmemleak
grep -qw kmemleak=off /proc/cmdline && leaks=/none
[ ! -e $leaks ] || echo clear >$leaks

insmod swimmem.ko || exit 1
status=0
for suite in *_kunit.ko; do
	note "suite ${suite%_kunit.ko}"
	insmod "$suite" || status=1
	rmmod "${suite%.ko}" || status=1
done
rmmod swimmem || status=1

# An object counts as leaked when two scans, with its last chance to be seen between them, found no pointer to it.
if [ -e $leaks ]; then
	sleep 5
	echo scan >$leaks
	sleep 2
	echo scan >$leaks
	note "kmemleak: $(grep -c '^unreferenced' $leaks) suspected"
	! [ -s $leaks ] || { put leaks <$leaks; head -n 60 $leaks >/dev/kmsg; status=1; }
fi
exit $status
