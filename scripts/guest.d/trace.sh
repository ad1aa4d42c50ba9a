# SPDX-License-Identifier: GPL-2.0-only
# In a guest: switch on the tracepoints, let the tree and the shadow of a system at work run, compact, and see that each
# event was told, that its fields are there, and that nothing looks like an address. Brings out the first lines of each
# event: trace.

tracing=/sys/kernel/tracing
swimmem=/sys/kernel/debug/swimmem
events="swim_alloc swim_free swim_refill swim_move swim_clean_begin swim_clean_end"
formats="$events swim_cancel swim_shrink"

mount -t tracefs trace $tracing 2>/dev/null
mount -t tmpfs -o size=60% work /tmp
insmod swimmem.ko || exit 1
for event in $formats; do
	[ -e $tracing/events/swimmem/$event/format ] || { note "there is no event $event"; exit 1; }
done

# told NAME: what the trace has of swimmem; the rest of it is others'.
told() { grep -o 'swim_[a-z_]*: .*' $tracing/trace >/tmp/$1; }

echo 8192 >$tracing/buffer_size_kb
echo 1 >$tracing/events/swimmem/enable
insmod tree.ko && rmmod tree || exit 1
echo 0 >$tracing/events/swimmem/enable
told tree
status=0
for event in $events; do
	lines=$(grep -c "^$event: " /tmp/tree)
	note "$event: $lines of the tree"
	[ $lines != 0 ] || status=1
done

# What is allocated goes again, byte by byte: of a tree that ends nothing is left.
sums=$(sed -n 's/^\(swim_[a-z]*\): hold=tree .*size=\([0-9]*\).*/\1 \2/p' /tmp/tree |
	awk '{ n[$1]++; bytes[$1] += $2 } END { print n["swim_alloc"] - n["swim_free"], bytes["swim_alloc"] - bytes["swim_free"] }')
[ "$sums" = "0 0" ] || { note "allocated less freed, in objects and bytes: $sums"; status=1; }

# A hash is as long as an address, but has no upper half.
grep -oE '=(0x)?[0-9a-f]{16}' /tmp/tree | grep -v '=00000000' && { note "an address is told"; status=1; }

# Under load: each slab allocation of a system at work is one in a pool, and is told.
insmod shadow.ko || exit 1
echo >$tracing/trace
echo 1 >$tracing/events/swimmem/enable
mkdir /tmp/files
for i in $(seq 400); do
	echo $i >/tmp/files/$i
done
sha256sum /tmp/files/* >/tmp/sums
rm /tmp/files/*[13579]
echo 100 >$swimmem/pools/shadow/compact || exit 1
echo 0 >$tracing/events/swimmem/enable
told shadow
for event in $events; do
	lines=$(grep -cE "^$event: (hold|pool)=shadow " /tmp/shadow)
	note "$event: $lines of the shadow"
	[ $lines != 0 ] || status=1
done
grep -E '^swim_clean' /tmp/shadow
{
	for event in $formats; do
		grep -m 3 "^$event: " /tmp/tree
		grep -m 3 "^$event: " /tmp/shadow
	done
} | put trace
rmmod shadow && rmmod swimmem || status=1
exit $status
