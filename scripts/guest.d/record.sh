# SPDX-License-Identifier: GPL-2.0-only
# In a guest: record all allocations and frees of a system at work. Brings out the record, as it is in debugfs, but
# compressed, and as text: trace. At most $record events; $workers, $seconds and $size are for work.sh, which comes along.

: ${seconds:=15} ${size:=6} ${workers:=$(nproc)} ${record:=2000000}
. ./work.sh
shadow=/sys/kernel/debug/shadow

mount -t tmpfs -o size=60% work /tmp
insmod swimmem.ko || exit 1
insmod shadow.ko record=$record || exit 1
burst
# That ends the recording, so it is first.
gzip -c <$shadow/trace >/tmp/trace || exit 1
note "shadow: $(grep -E '^record' $shadow/stats | tr -s '\n ' ' ')"
for errors in pattern_errors lease_errors; do
	grep -q "^$errors *0 " $shadow/stats || { note "shadow: $errors"; exit 1; }
done
base64 /tmp/trace | put trace
rm -r /tmp/files
rmmod shadow && rmmod swimmem
