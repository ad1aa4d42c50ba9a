# SPDX-License-Identifier: GPL-2.0-only
# In a guest: $processes do with the files that swimmem shows whatever they like, for $seconds, while the torture runs, of
# which spaces and pools come and go, with names with anything in them. Before that, the module's parameters are given what
# makes no sense.
#
#	scripts/guest -k um-7.2 -c 2 -m 1024 -t 300 -e rcutree.jiffies_till_first_fqs=0 scripts/guest.d/edges.sh \
#		scripts/guest.d/edges.c build/um-7.2/{swimmem/swimmem,bench/torture}.ko

: ${seconds:=30} ${seed:=1} ${processes:=8}
parameters=/sys/module/swimmem/parameters
status=0
wrong() { note "edges: $*"; status=1; }

bad='target=100 target=4294967296 target=-1 target=x target= debug=maybe debug=2 pin_warn=-1 pin_warn=4294967296 pin_warn=x'
refused=0
for parameter in $bad; do
	insmod swimmem.ko $parameter 2>/tmp/said && wrong "swimmem was loaded with $parameter"
	grep -qE 'nvalid|range' /tmp/said || wrong "loaded with $parameter: $(cat /tmp/said)"
	[ ! -d /sys/module/swimmem ] || wrong "$parameter has left something"
	refused=$((refused + 1))
done

insmod swimmem.ko || exit 1
for parameter in $bad; do
	file=$parameters/${parameter%%=*}
	before=$(cat $file)
	echo "${parameter#*=}" 2>/tmp/said >$file && wrong "$parameter was taken"
	[ "$(cat $file)" = "$before" ] || wrong "$parameter was refused, and is there"
	refused=$((refused + 1))
done

# They find what is no text, and addresses, where there are some.
control()
{
	mkdir -p /tmp/control
	mount -t tmpfs control /tmp/control && cat >/tmp/control/file && mount -o remount,ro /tmp/control || wrong "no control"
	./edges 2 $seed 2 /tmp/control 2>&1 | grep -q "$1" || wrong "not found: $1"
	umount /tmp/control
}
echo "object at ff1100000123abcd" | control 'an address'
head -c 4096 /dev/urandom | control 'no text'

insmod torture.ko seconds=$seconds seed=$seed &
torture=$!
./edges $((seconds - 3)) $seed $processes /sys/kernel/debug/swimmem $parameters >/tmp/edges 2>&1 || status=1
while IFS= read -r line; do note "$line"; done </tmp/edges
wait $torture || wrong "the torture did not pass"
note "edges: $refused parameters refused"
rmmod torture || status=1
rmmod swimmem 2>/dev/null || { sleep 1; rmmod swimmem; } || wrong "something was left behind"
exit $status
