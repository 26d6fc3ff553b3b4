#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Others on kvm_emulate_hypercall(), ftrace switched off, no KVM to check with.
# shellcheck disable=SC1091,SC2154
. ./ktap.sh
. ./hcx_util.sh

switch=/proc/sys/kernel/ftrace_enabled

need kvm_hcx hcx_echo hcx_interfere
[ "$(cat $switch)" = 1 ] || skip 'kernel.ftrace_enabled is 0'
plan 41

# nothing_left MODULE FUNCTIONS USERS: a refused load changed nothing.
nothing_left() {
	fails loaded "$1" && equal "$(traced_functions)" "$2" && equal "$(users kvm)" "$3"
}

# refused TEXT WHY: kvm_hcx does not load, says why and leaves nothing.
refused() {
	functions=$(traced_functions) kvm_users=$(users kvm)
	log_mark
	check "$1: kvm_hcx does not load" fails modprobe kvm_hcx
	check "$1: it says why" log_has "$2"
	check "$1: nothing is left" nothing_left kvm_hcx "$functions" "$kvm_users"
}

# works TEXT
works() {
	modprobe hcx_echo
	check "$1: calls work" echo_answers
}

before=$(traced_functions)

# First comes a direct call that shares.
direct_first() {
	log_mark
	check 'direct first: kvm_hcx loads' loads kvm_hcx
	check 'direct first: it tells of the fallback' log_has 'has a direct call already.*redirecting it through ftrace instead'
	works 'direct first'
	check 'direct first: the other goes' unloads hcx_interfere
	check 'direct first: calls go on' echo_answers
	check 'direct first: the other comes back' loads hcx_interfere how=direct
	check 'direct first: calls still work' echo_answers
	unload_ours
	check 'direct first: nothing is left of both' equal "$(traced_functions)" "$before"
}

# Then one that does not.
alone_first() {
	modprobe hcx_interfere how=alone
	refused 'alone first' 'kvm_emulate_hypercall() is taken by others that do not share it, a BPF fentry'
	unload_ours
	check 'alone gone: kvm_hcx loads' loads kvm_hcx
	works 'alone gone'
	unload_ours
}

# An IPMODIFY user, as a livepatch is, in either order.
ipmodify_shares() {
	modprobe hcx_interfere how=ipmodify
	check 'ipmodify first: kvm_hcx loads' loads kvm_hcx
	works 'ipmodify first'
	check 'ipmodify first: the other goes' unloads hcx_interfere
	check 'ipmodify second: it loads' loads hcx_interfere how=ipmodify
	check 'ipmodify second: calls work' echo_answers
	check 'ipmodify second: the other stays when kvm_hcx goes' unloads hcx_echo kvm_hcx
	check 'ipmodify second: and is live' \
		equal "$(traced_functions | grep kvm_emulate)" kvm_emulate_hypercall
	unload_ours
}

# Where direct calls share with nobody.
ipmodify_excludes() {
	modprobe hcx_interfere how=ipmodify
	refused 'ipmodify first' 'kvm_emulate_hypercall() is taken by others that do not share it'
	unload_ours
	modprobe kvm_hcx
	works 'ipmodify second'
	check 'ipmodify second: it is refused' fails loads hcx_interfere how=ipmodify
	check 'ipmodify second: calls go on' echo_answers
	unload_ours
	skips 1 'direct calls share with nobody on this kernel'
}

# A direct call that comes second.
direct_second() {
	modprobe kvm_hcx
	works 'direct second'
	check 'direct second: it is refused' fails loads hcx_interfere how=direct
	check 'direct second: because the function is busy' \
		equal "$(modprobe hcx_interfere how=direct 2>&1 | grep -c 'busy')" 1
	check 'direct second: calls go on' echo_answers
	unload_ours
}

# A KVM that answers unknown numbers in another way.
another_answer() {
	modprobe hcx_interfere how=answer
	refused 'another answer' 'self-check failed: KVM answers -38 to an unknown number'
	unload_ours
}

# One that does so when it is hooked.
another_answer_later() {
	modprobe hcx_interfere how=later
	refused 'another answer later' 'self-check failed: with the hook a guest that called got 0xffffffda'
	unload_ours
}

# ftrace switched off.
switched_off() {
	refused 'ftrace off' "ftrace is off (-16): run 'sysctl kernel.ftrace_enabled=1' first"
	echo 1 >$switch
	modprobe kvm_hcx
	works 'ftrace on'
	check 'ftrace on: it cannot be switched off' fails sh -c "echo 0 >$switch"
	check 'ftrace on: because it is busy' \
		equal "$(sh -c "echo 0 >$switch" 2>&1 | grep -c -i 'busy')" 1
	check 'ftrace on: it stays on' equal "$(cat $switch)" 1
	check 'ftrace on: calls go on' echo_answers
	unload_ours
}

# From 7.3 on nobody switches ftrace off, it seems; then that is no way to lose calls.
never_off() {
	check 'ftrace stays on' equal "$(cat $switch)" 1
	modprobe kvm_hcx
	works 'ftrace on'
	unload_ours
	skips 6 'this kernel does not let anybody switch ftrace off'
}

# No VM can be run at load.
no_vm() {
	rmmod "$vendor"
	log_mark
	check 'no kvm_amd or kvm_intel: kvm_hcx loads' loads kvm_hcx
	check 'no kvm_amd or kvm_intel: it tells what it left out' log_has 'self-check left out'
	modprobe "$vendor"
	works "$vendor later"
	unload_ours
}

if direct_calls_share; then
	modprobe hcx_interfere how=direct
	direct_first
	alone_first
	ipmodify_shares
	direct_second
	another_answer_later
else
	skips 13 'hcx_interfere cannot register a direct call on this kernel'
	ipmodify_excludes
	skips 7 'hcx_interfere cannot register a direct call on this kernel'
fi
another_answer
if sh -c "echo 0 >$switch" 2>/dev/null; then
	switched_off
else
	never_off
fi
no_vm
finish
