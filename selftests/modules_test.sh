#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Modules come and go: the core, those that register, and KVM's own.
# shellcheck disable=SC1091,SC2154
. ./ktap.sh
. ./hcx_util.sh

need kvm_hcx hcx_echo hcx_sleep hcx_test hcx_other_api hcx_forgetful
plan 40

# The core.
check 'an unknown parameter does not break the load' loads kvm_hcx nosuch=1
modprobe hcx_echo
check 'the core stays while a handler module uses it' fails rmmod kvm_hcx
check 'calls go on' echo_answers

# A program that has its device open.
exec 3<>/dev/kvm_hcx
check 'the core stays while a program has its device open' fails rmmod kvm_hcx
exec 3>&-

# KVM under the core.
check "$vendor can be unloaded" unloads "$vendor"
check 'kvm cannot: the core keeps it' fails rmmod kvm
check "$vendor comes back" loads "$vendor"
check 'calls work again' echo_answers

# No handler module goes while a vCPU is in its handler.
modprobe hcx_sleep
./call_once sleep 10000 >"$tmp/answer" &
call=$!
check 'a vCPU is asleep in hcx_sleep' soon asleep $call hcx_sleep
rmmod hcx_sleep &
unload=$!
check 'rmmod hcx_sleep has begun' soon asleep $unload kvm_hcx
sleep 1
fails ended $unload && asleep $call hcx_sleep
check 'it waits while the call sleeps' equal $? 0
wait $call
check 'the call got its answer' equal "$(cat "$tmp/answer")" 0x0
wait $unload
check 'then rmmod succeeded' equal $? 0
check 'hcx_sleep is gone' fails loaded hcx_sleep

# A vCPU asleep in one handler keeps no other module.
modprobe hcx_sleep
modprobe hcx_test
echo 'register sleeper 0x50 0 sleep 7' >$control/control
./call_once 0x50 >"$tmp/answer" &
call=$!
check 'a vCPU is asleep in hcx_test' soon asleep $call hcx_test
rmmod hcx_sleep &
unload=$!
check 'rmmod hcx_sleep does not wait for it' soon ended $unload
check 'which still sleeps' asleep $call hcx_test
echo 1 >$control/wake
wait $call
check 'until it is woken' equal "$(cat "$tmp/answer")" 0x7

# Nobody who unregisters a handler goes on before it is empty, nor the second to do so.
echo 'register twice 0x51 0 sleep 8' >$control/control
./call_once 0x51 >"$tmp/answer" &
call=$!
soon asleep $call hcx_test
sh -c "echo gone_twice twice >$control/control" &
unregister=$!
check 'a handler is being unregistered by two' soon asleep $unregister kvm_hcx
sleep 1
check 'the second waits as well' fails ended $unregister
echo 1 >$control/wake
wait $call
check 'the call got its answer' equal "$(cat "$tmp/answer")" 0x8
wait $unregister
check 'and both are done' equal $? 0

# A VMM that is killed lets go of a handler whose wait is killable.
./call_once 0x50 >"$tmp/answer" &
call=$!
soon asleep $call hcx_test
rmmod hcx_test &
unload=$!
soon asleep $unload kvm_hcx
kill -9 $call
check 'rmmod hcx_test ends with the killed VMM' soon ended $unload
check 'its number is free again' answers $enosys 0x50

# Nor does it sleep on in the example.
modprobe hcx_sleep
echo >$tracing/trace
echo 1 >$tracing/events/hcx/hcx_exit/enable
./call_once sleep 10000 >"$tmp/answer" &
call=$!
soon asleep $call hcx_sleep
kill -9 $call
check 'a VMM that is killed in hcx_sleep goes away' soon ended $call
check 'before it has slept enough' traced 1 ' hcx_exit: .* name=sleep .* result=[1-9]'
echo 0 >$tracing/events/hcx/hcx_exit/enable
rmmod hcx_sleep

# What does not load leaves nothing.
for bad in 0 60001 -1 abc; do
	check "hcx_sleep max_ms=$bad is refused" fails loads hcx_sleep max_ms=$bad
done
check 'and no handler is left' fails ./call_once sleep 1
log_mark
check 'a handler module for another API is refused' fails loads hcx_other_api
check 'with a reason' log_has 'was built for API version 99, this kvm_hcx has'
check 'that names it' log_has 'hcx_other_api.* was built for'

# modprobe takes -EEXIST for a success, as if the module were there.
modprobe hcx_test
echo 'register taken 0x46 0 value 1' >$control/control
check 'a handler module whose number is taken is refused' fails modprobe hcx_forgetful
check 'and not there' fails loaded hcx_forgetful
rmmod hcx_test

# A handler module without an exit.
modprobe hcx_forgetful
check 'hcx_forgetful answers' answers 0x46 0x46
log_mark
check 'it goes' unloads hcx_forgetful
check 'its author is told' log_has "hcx_forgetful goes without unregistering its handlers"
check 'its number is free again' answers $enosys 0x46

finish
