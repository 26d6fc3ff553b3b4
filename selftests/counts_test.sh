#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the core counts, and shows in debugfs.
# shellcheck disable=SC1091,SC2154,SC2317
. ./ktap.sh
. ./hcx_util.sh

dir=/sys/kernel/debug/kvm_hcx
abi=debugfs-kvm_hcx

need kvm_hcx hcx_test
loads kvm_hcx
loads hcx_test
[ -d $dir ] || skip 'debugfs is not mounted on /sys/kernel/debug'
plan 38

# The descriptions, and the tables that they tell the columns of.
described() {
	sed -n 's/^What:[[:space:]]*//p' $abi | sort
}

columns() {
	awk -v what="$dir/$1" '
		$1 == "What:" { here = $2 == what }
		here && $1 == "Columns:" { $1 = ""; print substr($0, 2) }' $abi
}

first_line() {
	head -n 1 "$dir/$1" | xargs
}

# field TABLE NAME VM COLUMN: of that handler and VM, nothing if there is no such row.
field() {
	awk -v name="$2" -v vm="$3" -v wanted="$4" '
		NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
		$2 == name && $3 == vm { print $column[wanted] }' "$dir/$1"
}

# is TABLE NAME VM COLUMN WANT
is() {
	equal "$(field "$1" "$2" "$3" "$4")" "$5"
}

# error_is NAME VM ERROR CALLS
error_is() {
	equal "$(awk -v name="$1" -v vm="$2" -v error="$3" \
		'$2 == name && $3 == vm && $4 == error { print $5 }' $dir/errors)" "$4"
}

# sum_is TABLE NAME VM COLUMN WANT: of several rows.
sum_is() {
	equal "$(field "$1" "$2" "$3" "$4" | awk '{ sum += $1 } END { print sum + 0 }')" "$5"
}

vms_of() {
	awk -v name="$1" '$2 == name && $3 != "all" { print $3 }' $dir/calls
}

# call N NAME: each by a VM of its own, which is gone afterwards.
call() {
	left=$1
	while [ "$left" -gt 0 ]; do
		./call_once "$2" >"$tmp/answer" || return
		left=$((left - 1))
	done
}

sleeper() {
	./call_once "$1" >"$tmp/answer" &
	caller=$!
	soon asleep $caller hcx_test
}

woken() {
	echo 1 >$control/wake
	wait $caller
}

narrow() {
	awk 'length > 80 { print FILENAME ": " $0; bad = 1 } END { exit bad }' $dir/*
}

check 'every file is described, and nothing else' \
	equal "$(find $dir -type f | sort)" "$(described)"
for table in handlers calls errors rules latency histogram; do
	check "$table: the columns that are described" \
		equal "$(first_line $table)" "$(columns $table)"
done
check 'abi_version is what discovery answers' \
	equal "$(./call_once 0x4b580000 0)" "$(printf '%#x' "$(cat $dir/abi_version)")"

handler good value 7
check 'nobody has called: calls are 0' is calls good all calls 0
call 3 good
check 'calls are counted' is calls good all calls 3
check 'their VMs are gone' equal "$(vms_of good)" ''
check 'they were no errors' is calls good all errors 0

handler bad value -14
call 2 bad
check 'errors are counted' is calls bad all errors 2
check 'by class' error_is bad all EFAULT 2
check 'and in no other' equal "$(awk '$2 == "bad"' $dir/errors | wc -l)" 1
handler odd value -12345
call 1 odd
check 'an error that has no name is another' error_is odd all other 1

handler slow sleep 5
sleeper slow
vm=$(vms_of slow)
check 'the VM of a call is told as KVM does' [ -d "/sys/kernel/debug/kvm/$vm" ]
check 'by the process of its VMM' equal "${vm%-*}" $caller
check 'its vCPU is inside' is calls slow "$vm" inside 1
check 'its call has not returned' is calls slow "$vm" calls 0
check 'the sum over all VMs has it inside' is calls slow all inside 1
woken
check 'it has left' is calls slow all inside 0
check 'it has returned' is calls slow all calls 1
check 'the lines of the VM vanish with it' equal "$(vms_of slow)" ''

sleeper slow
first=$caller
sleeper slow
check 'two VMs have a line each' equal "$(vms_of slow | sed 's/-.*//' | sort)" \
	"$(printf '%s\n' $first $caller | sort)"
check 'with a vCPU in each' sum_is calls slow all inside 2
woken
wait $first
check 'what they called is in the sum when they are gone' is calls slow all calls 3
echo 'replace slow fast 0xffffffff 0 value 6' >$control/control
call 1 fast
check 'who replaces a handler begins at 0' is calls fast all calls 1

check 'calls are not timed' equal "$(cat $dir/timing)" 0
check 'so there is no latency' is latency good all timed ''
check 'timing is 0 or 1' fails sh -c "echo 2 >$dir/timing"
echo 1 >$dir/timing
call 4 good
handler late late 30
call 1 late
check 'while timing is on, calls are timed' is latency good all timed 4
check 'the histogram has them all' sum_is histogram good all calls 4
check 'a call that took 30 ms took that' \
	[ "$(field latency late all max_ns)" -ge 30000000 ]
check 'in the histogram, too' [ "$(field histogram late all up_to_ns)" -ge 33554432 ]
echo 0 >$dir/timing
call 1 good
check 'when timing is off again, no more' is latency good all timed 4
check 'but counted' is calls good all calls 8

check 'no table is wider than 80 columns' narrow
for name in good bad odd fast late; do
	echo "unregister $name" >$control/control
done
finish
