# SPDX-License-Identifier: GPL-2.0-only
# In a guest: clients that do what they must not: leak, are unloaded with all that they have, die of a fault. What they
# did is told by name, others go on, and swimmem stays loaded while there is something of theirs. The kernel must survive
# a fault, which user-mode Linux does not; its reports, and swimmem's, are what is asked for here, so scripts/check tells
# scripts/guest which of them to accept.
#
#	scripts/guest -k x86-6.1 -c 4 -m 1024 -t 900 -e kmemleak=off -e log_buf_len=8M -a PATTERN scripts/guest.d/faulty.sh \
#		build/x86-6.1/{swimmem/swimmem,bench/faulty,bench/torture,samples/client,samples/tree}.ko
#
# $faults are those that are committed, $seconds is the time that others go on after each.

: ${faults:=leak,forget,static,write,pinned,shared,scope,reader,drop,clone} ${seconds:=3}
faults=$(echo "$faults" | tr , " ")
swimmem=/sys/kernel/debug/swimmem
status=0
wrong() { note "faulty: $*"; status=1; }

# told SINCE WORDS: so many lines of the log, behind the one with the mark SINCE, have the words.
told() { dmesg | sed -n "/guest: $1\$/,\$p" | grep -cE "$2"; }

# The kernel's half of all addresses begins so, with four levels of page tables as with five.
address='ff[0-9a-f]{14}'

# Everything that others do: allocate, move, compact, drop, look.
others()
{
	for module in client tree; do
		insmod $module.ko && rmmod $module || wrong "$module is not as before, after $1"
	done
	mark="others after $1"
	note "$mark"
	insmod torture.ko seconds=$seconds seed=1 && rmmod torture || wrong "torture is not as before, after $1"
	[ "$(told "$mark" 'torture: passed')" = 1 ] || wrong "the torture did not pass after $1"
	for file in $swimmem/pools/*/compact; do
		echo 1 >"$file" || wrong "$file after $1"
	done
	find $swimmem -type f ! -name compact | while IFS= read -r file; do
		cat "$file" || wrong "$file after $1"
	done >/tmp/seen
	grep -m 3 -nE $address /tmp/seen && wrong "debugfs shows an address"
	seen=$((seen + $(wc -l </tmp/seen)))
}

# The pattern finds addresses, where there are some.
grep -qE $address /proc/kallsyms || wrong "no address looks like one here"

# A kernel that panics when it oopses tells nothing of those who go on.
echo 0 >/proc/sys/kernel/panic_on_oops
seen=0

# What is left in the global hold goes with swimmem, whatever it had still to do there.
insmod swimmem.ko debug=1 || exit 1
note "fault global"
insmod faulty.ko fault=global || wrong "global was not committed"
rmmod swimmem 2>/dev/null && wrong "swimmem went while somebody needs it"
rmmod faulty && rmmod swimmem || wrong "a leak in the global hold is in the way"
sleep 1
[ $(told "fault global" "swimmem: violation: pool 'global' destroyed with 1 objects") = 1 ] || wrong "global was not told"

insmod swimmem.ko debug=1 || exit 1
for fault in $faults; do
	note "fault $fault"
	insmod faulty.ko fault=$fault || wrong "$fault was not committed"
	others $fault
	rmmod swimmem 2>/dev/null && wrong "swimmem went after $fault"
	rmmod faulty || wrong "$fault cannot be unloaded"
	case $fault in
	leak)
		words="violation: pool 'faulty-leak' destroyed with 150 objects|75 objects.* struct victim|make\+.*\[faulty\]"
		[ $(told "fault $fault" "$words") -ge 3 ] || wrong "$fault was not told" ;;
	forget)
		words="violation: module 'faulty' gone with .* in pool 'faulty-forget'"
		[ $(told "fault $fault" "$words") = 1 ] || wrong "$fault was not told"
		words="with 75 objects, .* in pool 'faulty-forget'"
		[ $(told "fault $fault" "$words") = 1 ] || wrong "not all of $fault was told" ;;
	static)
		words="violation: module 'faulty' gone with (pool 'faulty-inside' in its memory|its static space 'faulty_static')"
		[ $(told "fault $fault" "$words") = 2 ] || wrong "$fault was not told" ;;
	write)
		# KASAN is faster where it watches.
		words='violation: overflow behind object|written to after its drop|KASAN: use-after-free in write_where'
		[ $(told "fault $fault" "$words") = 2 ] || wrong "$fault was not told" ;;
	*)
		[ $(told "fault $fault" 'Oops|protection fault') -ge 1 ] || wrong "nobody died of $fault" ;;
	esac
	others "$fault, without its module"
done
# What was left is still there.
for fault in $faults; do
	[ $fault = write ] || [ $(sed -n 's/^live *\([0-9]*\) .*/\1/p' $swimmem/pools/faulty-$fault/stats) -ge 75 ] ||
		wrong "objects of $fault are gone"
done
rmmod swimmem 2>/dev/null && wrong "swimmem went while there is something of others in it"

# Neither the pictures nor the reports have an address. The kernel itself tells of registers, when somebody dies.
dmesg | grep -E 'swimmem: ' >/tmp/said
grep -m 3 -nE $address /tmp/said && wrong "swimmem has told an address"
echo "swimmem: violation: overflow behind object $(grep -m 1 -oE $address /proc/kallsyms)" | grep -qE $address ||
	wrong "an address would not have been found"
note "faulty: $(echo $faults | wc -w) faults, $(dmesg | grep -c 'faulty: .*: dies') deaths," \
	"$(grep -c violation /tmp/said) violations, $(wc -l </tmp/said) lines told and $seen of debugfs without an address"
exit $status
