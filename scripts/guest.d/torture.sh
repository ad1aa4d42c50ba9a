# SPDX-License-Identifier: GPL-2.0-only
# In a guest: load the torture, which runs for $seconds, while the kernel asks for its memory back, and somebody reads
# all that debugfs shows. $seed, $threads, $failures, $shortage, $hotplug and $steps are the module's; $parameters are
# those of swimmem. With steps=1 it brings out how often each transition was done.

: ${seconds:=60} ${seed:=1} ${threads:=0} ${failures:=0} ${shortage:=0} ${hotplug:=0} ${steps:=0}
swimmem=/sys/kernel/debug/swimmem

# Until this file is gone.
echo >/tmp/going

shrink()
{
	# From now on without a word in the log.
	echo 4 >/proc/sys/vm/drop_caches
	while [ -e /tmp/going ]; do
		echo 2 >/proc/sys/vm/drop_caches
		usleep 50000
	done
}

look()
{
	while [ -e /tmp/going ]; do
		for file in $swimmem/totals $swimmem/*/*/*; do
			cat "$file"
		done >/dev/null 2>&1
		for file in $swimmem/pools/*/compact; do
			echo 90 >"$file"
		done 2>/dev/null
		usleep 100000
	done
}

# At what is handed on and moved all the time, all the time.
stare()
{
	while [ -e /tmp/going ]; do
		cat $swimmem/pools/torture-hot-*/map >/dev/null 2>&1 || usleep 1000
	done
}

insmod swimmem.ko $parameters || exit 1
shrink &
look &
[ $steps = 0 ] || stare &
status=0
insmod torture.ko seconds=$seconds seed=$seed threads=$threads failures=$failures shortage=$shortage \
	hotplug=$hotplug steps=$steps || status=1
rm /tmp/going
wait
if [ $steps != 0 ]; then
	# What is met here by chance is met there for sure. Where there is no KUnit, there is no such suite.
	if [ -e race_kunit.ko ]; then
		insmod race_kunit.ko || status=1
		rmmod race_kunit
		! dmesg | grep -E '^[^#]* not ok ' || status=1
	fi
	put steps <$swimmem/steps
fi
# The detector of data races tells how much it has watched; it must have watched something.
races=/sys/kernel/debug/kcsan
if [ -e $races ]; then
	note "kcsan: $(grep -E 'setup_watchpoints|data_races' $races | tr -s '\n' ' ')"
	! grep -q '^setup_watchpoints: 0$' $races || status=1
fi
dmesg | grep -q 'torture: passed' || status=1
[ $status != 0 ] || rmmod torture || status=1
# What was dropped last waits for readers.
rmmod swimmem 2>/dev/null || { sleep 1; rmmod swimmem; } || { note "something was left behind"; status=1; }
exit $status
