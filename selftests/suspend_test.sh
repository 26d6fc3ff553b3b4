#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The host is suspended, as far as its devices (Documentation/power/basic-pm-debugging.rst), while
# a vCPU calls all the time and another waits in a handler.
# shellcheck disable=SC1091,SC2154,SC2317
. ./ktap.sh
. ./hcx_util.sh

level=/sys/power/pm_test
value=0x99

need kvm_hcx hcx_echo hcx_test
[ -w $level ] || skip 'this kernel does not suspend for a test: it has no CONFIG_PM_DEBUG'
modprobe -a hcx_echo hcx_test
plan 5

# A call that waits holds it up until its budget is spent: 20 seconds would be too long.
suspends() {
	log_mark
	echo freeze >/sys/power/state && log_has 'suspend debug: Waiting for'
}

none_failed() {
	[ "$(cat "$tmp/forever")" ] && fails equal "$(awk '{ print $1 }' "$tmp/forever")" 0
}

echo devices >$level
echo 1 >/sys/module/suspend/parameters/pm_test_delay
./call_forever >"$tmp/forever" 2>&1 &
forever=$!
handler h wait $value 2000
./call_once h >"$tmp/answer" 2>&1 &
caller=$!
soon asleep $caller hcx_test

check 'the host suspends while vCPUs call and wait' suspends
check 'and again' suspends
wait $caller
check 'who waited has been told at its budget' equal "$(cat "$tmp/answer")" 0xffffffffffffff92
check 'calls work' echo_answers
kill $forever
wait $forever
check 'and those of the other vCPU did, all the time' none_failed
echo none >$level
finish
