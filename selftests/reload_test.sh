#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The core and a handler module come and go while a guest calls; nothing of them stays.
# shellcheck disable=SC1091,SC2154
. ./ktap.sh
. ./hcx_util.sh

warm_up=12
reloads=45

# Where one thread emulates all CPUs, a guest that never rests makes a reload last: each
# change to the kernel's code waits until its CPU's turn is over. So the many reloads that
# show a leak have one that rests, in milliseconds, and is there when the core goes.
rest=50

need kvm_hcx hcx_echo
[ -d $tracing/events/percpu/percpu_alloc_percpu ] || skip 'there is no percpu_alloc_percpu event'
[ -r /proc/slabinfo ] || skip 'there is no /proc/slabinfo'
plan 10

# reload N REST: with a guest calling all the time. Counts what went wrong.
reload() {
	./call_forever "$2" >"$tmp/guest" 2>&1 &
	guest=$!
	remaining=$1
	while [ "$remaining" -gt 0 ]; do
		modprobe hcx_echo && echo_answers && rmmod hcx_echo kvm_hcx || wrong=$((wrong + 1))
		remaining=$((remaining - 1))
	done
	kill -TERM $guest
	wait $guest || wrong=$((wrong + 1))
	echo "# a guest was answered, and not: $(cat "$tmp/guest")"
}

# Flushes every per-CPU slab, so that /proc/slabinfo counts objects in use.
settle() {
	sleep 1
	echo 3 >/proc/sys/vm/drop_caches
	for shrink in /sys/kernel/slab/*/shrink; do
		echo 1 >"$shrink"
	done
}

kib() {
	awk -v what="$1:" '$1 == what { print $2 }' /proc/meminfo
}

# kmalloc_objects: a line per kmalloc cache, where all that the core and ftrace
# allocate for it is. No process is made between the last flush and the count: its credentials
# take a slab of kmalloc-8 for this CPU, and all 512 objects of that count as used
# (get_slabinfo() in mm/slub.c).
kmalloc_objects() {
	settle
	for shrink in /sys/kernel/slab/kmalloc-*/shrink; do
		echo 1 >"$shrink"
	done
	while read -r cache used _; do
		case $cache in
		kmalloc-*) echo "$cache $used" ;;
		esac
	done </proc/slabinfo
}

# measure TO: the least of five looks at each cache, as the other CPU may have taken a slab, and
# the memory in total.
# What kfree_rcu() has it frees after five seconds, or ten (KFREE_DRAIN_JIFFIES in mm/slab_common.c,
# in kernel/rcu/tree.c before 6.14).
measure() {
	sleep 12
	for look in 1 2 3 4 5; do
		kmalloc_objects >"$tmp/look.$look"
	done
	awk '!($1 in least) || $2 < least[$1] { least[$1] = $2 }
		END { for (cache in least) print cache, least[cache] }' "$tmp"/look.? >"$1"
	unreclaimable=$(kib SUnreclaim) percpu=$(kib Percpu)
}

# Events of that name since counting began.
counted() {
	grep -c " $1: " $tracing/trace
}

count_percpu() {
	echo >$tracing/trace
	for event in alloc free; do
		echo "$1" >$tracing/events/percpu/percpu_${event}_percpu/enable
	done
}

# grown FROM TO MOST: the caches that have grown by as much as MOST objects, and by how many.
grown() {
	awk -v most="$3" '
		NR == FNR { before[$1] = $2; next }
		$2 - before[$1] >= most { print $1, $2 - before[$1] }' "$tmp/slab.$1" "$tmp/slab.$2"
}

# A leak is at least one object in each reload; as much as one in two counts. What
# else the machine does, and what per-CPU lists hold, moves a cache by some dozens,
# once: so one that has grown must grow again, with half as many reloads.
same_slabs() {
	grown before after $((reloads / 2)) >"$tmp/grown"
	[ -s "$tmp/grown" ] || return 0
	cat "$tmp/grown"
	reload $((reloads / 2)) $rest
	[ $wrong = 0 ] || return 1
	measure "$tmp/slab.later"
	grown after later $((reloads / 4)) >"$tmp/again"
	equal "$(awk 'NR == FNR { grown[$1]; next } $1 in grown' "$tmp/grown" "$tmp/again")" ''
}

at_most() {
	[ "$1" -le "$2" ] || { echo "$1 is more than $2"; return 1; }
}

# First of all: the ring buffer's page descriptors are kmalloc-64 objects.
read -r buffer_size _ <$tracing/buffer_size_kb
echo 4096 >$tracing/buffer_size_kb

wrong=0
functions=$(traced_functions)
kvm_users=$(users kvm)
reload $warm_up 0
measure "$tmp/slab.before"
unreclaimable_before=$unreclaimable percpu_before=$percpu

count_percpu 1
reload $reloads $rest
settle
allocated=$(counted percpu_alloc_percpu) freed=$(counted percpu_free_percpu)
count_percpu 0
measure "$tmp/slab.after"
echo "$buffer_size" >$tracing/buffer_size_kb

echo "# per-CPU memory: $allocated times allocated, $freed freed"
echo "# SUnreclaim $unreclaimable_before to $unreclaimable kB, Percpu $percpu_before to $percpu kB"
check 'every reload and every call went well' equal $wrong 0
check 'no module is left' equal "$(ours)" ''
check 'kvm is used as before' equal "$(users kvm)" "$kvm_users"
check 'no function is traced' equal "$(traced_functions)" "$functions"
check 'no kmalloc cache grew with the reloads' same_slabs
check 'each allocated the per-CPU memory that the trace is there to see' \
	fails at_most "$allocated" "$reloads"
# A VM that closes late is worth a few.
check 'all of it was freed' at_most $((allocated - freed)) $((reloads / 4))
check 'no file of the self-check stays open' equal "$(users "$vendor")" 0
# One page per reload would be 4 kB each.
check 'unreclaimable slabs did not grow by a page per reload' \
	at_most $((unreclaimable - unreclaimable_before)) $((reloads * 4))
check 'per-CPU memory neither' at_most $((percpu - percpu_before)) $((reloads * 4))
finish
