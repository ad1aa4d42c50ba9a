# SPDX-License-Identifier: GPL-2.0-only
# In a guest: the kernel refuses pages to the torture's threads and to its own workers, at each of $rates per cent, for
# $seconds each. What they have stays as it was, and all goes at the end; the shell is left alone. torture.sh comes along.
#
#	scripts/guest -k x86-6.1 -c 4 -m 1024 -t 900 -e kmemleak=off scripts/guest.d/refuse.sh scripts/guest.d/torture.sh \
#		build/x86-6.1/{swimmem/swimmem,bench/torture}.ko

: ${rates:=1,10,50} ${seconds:=20}
injected=/sys/kernel/debug/fail_page_alloc
most=1000000000
status=0

[ -d $injected ] || { note "refuse: this kernel has no FAIL_PAGE_ALLOC, or no FAULT_INJECTION_DEBUG_FS"; exit 1; }
echo Y >$injected/task-filter
echo N >$injected/ignore-gfp-wait
echo N >$injected/ignore-gfp-highmem
echo 0 >$injected/min-order
echo 0 >$injected/verbose

# Threads come one after the other, and workers come and go.
choose()
{
	while [ -e /tmp/choosing ]; do
		for comm in /proc/[0-9]*/comm; do
			read -r name <$comm && case $name in torture/* | kworker/*) echo 1 >${comm%comm}make-it-fail ;; esac
		done 2>/dev/null
		usleep 200000
	done
}

# counted WHAT: the sum of what the kinds of threads say of it, behind the last mark.
counted() { dmesg | sed -n '/guest: refuse: at/h;/guest: refuse: at/!H;${x;p}' | sed -n "s/.*[ ,]\([0-9]*\) $1.*/\1/p" | awk '{ n += $1 } END { print n + 0 }'; }

for rate in $(echo $rates | tr , ' '); do
	note "refuse: at $rate %"
	echo $most >$injected/times
	echo $rate >$injected/probability
	echo >/tmp/choosing
	choose &
	shortage=1 seconds=$seconds sh ./torture.sh || status=1
	echo 0 >$injected/probability
	rm /tmp/choosing
	wait
	refused=$((most - $(cat $injected/times)))
	told=$(counted 'out of memory')
	note "refuse: at $rate %: $refused requests refused, $told told as out of memory," \
		"$(counted 'scopes left behind') scopes left something behind"
	[ $refused != 0 ] && [ $told != 0 ] || { note "refuse: nothing was refused"; status=1; }
done
exit $status
