#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Waits end at a handler's budget; a call over it is counted and traced, and goes on.
# shellcheck disable=SC1091,SC2154,SC2317
. ./ktap.sh
. ./hcx_util.sh

# -HCX_ETIMEDOUT and what the handlers answer, in RAX.
timed_out=0xffffffffffffff92
value=0x99
table=/sys/kernel/debug/kvm_hcx/handlers
event=$tracing/events/hcx/hcx_over_budget

need kvm_hcx hcx_test
loads kvm_hcx
loads hcx_test
[ -e $event/enable ] || skip 'there is no tracepoint hcx_over_budget'
plan 17

# How many calls of it went over its budget.
over() {
	equal "$(awk '$2 == "h" { print $NF }' $table)" "$1"
}

# wait_and COMMAND...: it is run when a call waits in h; then the call answers so.
wait_and() {
	rm -f "$tmp/answer"
	./call_once h >"$tmp/answer" 2>&1 &
	caller=$!
	soon asleep $caller hcx_test
	"$@"
	wait $caller
}

waits_until_woken() {
	wait_and sh -c "echo 1 >$control/wake"
	equal "$(cat "$tmp/answer")" $value
}

waits_until_killed() {
	wait_and kill_caller
	equal "$(cat "$tmp/answer")" ''
}

kill_caller() {
	kill -9 $caller
}

echo >$tracing/trace
echo 1 >$event/enable

handler h wait $value 100
check 'a wait ends at the budget' answers $timed_out h
check 'it is counted' over 1
check 'it is traced: with the name, the number and the budget' \
	traced 1 ' hcx_over_budget: vm=[0-9]* vcpu=0 nr=0x4b58.* name=h ns=[0-9]* budget_ms=100$'
check 'another' answers $timed_out h
check 'it is counted, too' over 2

handler h wait $value 15000
check 'a wait that is woken ends with what it waited for' waits_until_woken
check 'it is not counted' over 0
check 'a wait ends when the VMM is killed' waits_until_killed
check 'before the budget does' over 0
check 'and the handler can go' handler h value $value 15000
check 'it is not counted' over 0

handler h late 50 10
check 'a handler over its budget is not stopped' answers 0x0 h
check 'but counted' over 1

handler h wait $value
check 'without a budget a wait ends, too' answers $timed_out h
check 'it is not counted' over 0

log_mark
check 'a budget of more than 15 seconds is refused' fails handler h value $value 15001
check 'with its limit' log_has "'h' has a budget of 15001 ms, but 15000 is the most"

echo 0 >$event/enable
finish
