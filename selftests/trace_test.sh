#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The core's tracepoints, but hcx_over_budget, which budget_test.sh has.
# shellcheck disable=SC1091,SC2154,SC2317
. ./ktap.sh
. ./hcx_util.sh

events=$tracing/events/hcx
call='vm=[0-9]+ vcpu=0'
args='a0=0x1 a1=0x14 a2=0x12c a3=0xfa0'

need_core hcx_echo hcx_test
loads hcx_test
[ -d $events ] || skip 'there are no tracepoints hcx'
plan 17

on() {
	echo >$tracing/trace
	for event; do
		echo 1 >$events/$event/enable
	done
}

off() {
	for event; do
		echo 0 >$events/$event/enable
	done
}

on hcx_register hcx_unregister
modprobe hcx_echo
rmmod hcx_echo
echo 'register h 0x1f 0 value 1' >$control/control
echo 'replace h i-have-sixteen-c 0xffffffff 0 value 2' >$control/control
check 'hcx_register tells the number, the name and the owner' \
	traced 1 ' hcx_register: nr=0x4b58[0-9a-f]{4} name=echo owner=hcx_echo$'
check 'hcx_unregister does' \
	traced 1 ' hcx_unregister: nr=0x4b58[0-9a-f]{4} name=echo owner=hcx_echo$'
check 'one that is replaced is unregistered' \
	traced 1 ' hcx_unregister: nr=0x1f name=h owner=hcx_test$'
check 'the one that takes over registered' \
	traced 1 ' hcx_register: nr=0x1f name=i-have-sixteen-c owner=hcx_test$'
off hcx_register hcx_unregister
echo 'unregister i-have-sixteen-c' >$control/control

modprobe hcx_echo
on hcx_enter hcx_exit
check 'a traced call is answered' echo_answers
check 'hcx_enter tells who calls what' \
	traced 1 " hcx_enter: $call nr=0x4b58[0-9a-f]{4} name=echo $args\$"
check 'hcx_exit also what came of it' \
	traced 1 " hcx_exit: $call nr=0x4b58[0-9a-f]{4} name=echo $args result=16941 ns=[0-9]+\$"
check 'a VM is told by the process of its VMM' \
	traced 1 'call_once-([0-9]+) .* hcx_exit: vm=\1 .* name=echo '
echo 'register h 0x1f 0 value -14' >$control/control
check 'a result below 0 is traced as it is' \
	sh -c "./call_once 0x1f && grep -q ' name=h .* result=-14 ' $tracing/trace"
off hcx_exit
check 'one tracepoint goes: the other stays' echo_answers
check 'and traces' traced 2 ' hcx_enter: .* name=echo '
off hcx_enter
check 'both go: a call is answered' echo_answers
check 'and not traced' traced 2 ' hcx_enter: .* name=echo '

on hcx_denied
./ring3_test >/dev/null
check 'hcx_denied tells whose call was refused, and why' \
	traced 3 " hcx_denied: $call nr=0x20 name=closed reason=ring3\$"
./limit_test >/dev/null
check 'also where it was one too many' \
	traced 5 ' hcx_denied: vm=[0-9]+ vcpu=[01] nr=0x70 name=limited reason=rate$'
./policy_test >/dev/null
check 'or by a rule' traced 6 " hcx_denied: $call nr=0x51 name=opt-in reason=rule\$"
off hcx_denied
on hcx_enter
check 'the core goes while it is traced' sh -c "rmmod hcx_echo hcx_test kvm_hcx"
finish
