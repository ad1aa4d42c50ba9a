# SPDX-License-Identifier: GPL-2.0-only
# In a guest: load swimmem and a client, and unload them, $rounds times; then the client alone, a tenth as often, while the
# torture runs, in whose pools nobody is at rest. Meanwhile others read what debugfs shows, and the kernel asks for its
# memory back. Nothing is left. Who is in use is not unloaded.
#
#	scripts/guest -k um-7.2 -c 2 -m 512 -t 900 -e rcutree.jiffies_till_first_fqs=0 -e rcutree.kthread_prio=2 \
#		-e rcupdate.rcu_expedited=1 scripts/guest.d/reload.sh \
#		build/um-7.2/{swimmem/swimmem,samples/client,bench/torture}.ko
#	scripts/guest -k x86-6.1 -c 4 -m 1024 -t 900 -e rounds=20 scripts/guest.d/reload.sh \
#		build/x86-6.1/{swimmem/swimmem,samples/client,bench/torture}.ko

: ${rounds:=1000}
bound=2048	# KiB
swimmem=/sys/kernel/debug/swimmem
status=0
refused=0
wrong() { note "reload: $*"; status=1; }

now() { cut -d. -f1 /proc/uptime; }

read_all()
{
	while [ -e /tmp/going ]; do
		find $swimmem -type f | while IFS= read -r file; do
			cat "$file"
		done >/dev/null 2>&1
		usleep 1000
	done
}

shrink()
{
	while [ -e /tmp/going ]; do
		echo 2 >/proc/sys/vm/drop_caches
		usleep 50000
	done
}

# Who reads a file is in the way for a moment.
unload()
{
	local tries=0
	until rmmod $1 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || { wrong "$1 cannot be unloaded"; return 1; }
		refused=$((refused + 1))
		usleep 1000
	done
}

load_all()
{
	insmod swimmem.ko && insmod client.ko || { wrong "not loaded"; return 1; }
	rmmod swimmem 2>/dev/null && { wrong "swimmem was unloaded under its client"; return 1; }
	unload client && unload swimmem
}

load_client() { insmod client.ko && unload client; }

# again COMMAND COUNT: before all others, of whom there are many.
again()
{
	local n=0
	renice -n -19 -p $$ >/dev/null
	while [ $n -lt $2 ]; do
		$1 || { wrong "in round $n of $1"; return 1; }
		n=$((n + 1))
	done
	renice -n 19 -p $$ >/dev/null
}

# KiB of memory that is not free, of slabs, of vmalloc, when all that can go has gone: also what
# KASAN keeps of what was freed. What is free on a CPU's list is not told as free.
taken()
{
	local cache
	echo 3 >/proc/sys/vm/drop_caches
	sleep 2
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >$cache
	done
	awk '/^ +managed/ { pages += $2 }
		/^ +count:/ { listed += $2 }
		/^MemTotal:/ { total = $2 }
		/^MemFree:/ { free = $2 }
		/^Slab:/ { slab = $2 }
		/^VmallocUsed:/ { vmalloc = $2 }
		END { print total - free - listed * total / pages, slab, vmalloc }
	' /proc/zoneinfo /proc/meminfo
}

# From now on without a word in the log.
echo 4 >/proc/sys/vm/drop_caches
# What the first rounds take for good is not what this asks for.
again load_all 20
leaks clear
before=$(taken)
echo >/tmp/going
read_all & shrink &
begin=$(now)
again load_all $rounds
whole=$(($(now) - begin))
rm /tmp/going
wait
after=$(taken)
note "reload: $rounds times all in $whole s, $refused times refused; KiB in use, of slabs, of vmalloc: $before before, $after after"

echo >/tmp/going
insmod swimmem.ko || exit 1
insmod torture.ko seconds=3600 seed=1 &
torture=$!
until [ -d $swimmem/pools/torture-plain ]; do usleep 10000; done
read_all & shrink &
begin=$(now)
again load_client $(((rounds + 9) / 10))
rmmod swimmem 2>/dev/null && wrong "swimmem was unloaded under the torture"
note "reload: $(((rounds + 9) / 10)) times the client beside the torture in $(($(now) - begin)) s"
rm /tmp/going
# The signal ends it before its time.
kill -TERM $torture
wait
dmesg | grep -q 'torture: passed' || wrong "the torture did not pass"
unload torture && unload swimmem
set -- $before $after
for n in 1 2 3; do
	eval "grown=\$((\$$((n + 3)) - \$$n))"
	[ $grown -lt $bound ] || wrong "$grown KiB more are in use"
done

leaks || status=1
exit $status
