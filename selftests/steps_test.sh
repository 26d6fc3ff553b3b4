#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Each function of the kernel's that can fail while the core is loaded, but for those that only
# allocate (load_faults_test has them), fails once: the core is then not there, and nothing of
# it, or it works and says what it left out.
# shellcheck disable=SC1091,SC2154
. ./ktap.sh
. ./hcx_util.sh

need kvm_hcx hcx_echo hcx_fail
plan 34

# one_of NAME...: the first that this kernel has.
one_of() {
	for name; do
		! grep -q -x "$name" "$tmp/symbols" || { echo "$name"; return; }
	done
	echo none
}

# What the kernel keeps of a module's first load is there now.
modprobe kvm_hcx
has_btf=$(ls /sys/kernel/btf/kvm_hcx 2>/dev/null)
rmmod kvm_hcx
functions=$(traced_functions) kvm_users=$(users kvm) files=$(ls /sys/kernel/debug /dev)
awk '$2 == "T" { print $3 }' /proc/kallsyms >"$tmp/symbols"
workqueue=$(one_of alloc_workqueue_noprof alloc_workqueue)
direct=$(one_of register_ftrace_direct_multi register_ftrace_direct)
struct_ops=$(one_of __register_bpf_struct_ops)

nothing_left() {
	fails loaded kvm_hcx && equal "$(traced_functions)" "$functions" &&
		equal "$(users kvm)" "$kvm_users" && equal "$(ls /sys/kernel/debug /dev)" "$files"
}

# lets_fail FUNCTION NTH RESULT: at the next load.
lets_fail() {
	modprobe hcx_fail function="$1" nth="$2" result="$3"
}

# A test that waits for a call which the kernel does not make proves nothing.
has_failed() {
	[ "$(cat /sys/module/hcx_fail/parameters/calls)" -ge "$1" ] ||
		{ echo "it was called $(cat /sys/module/hcx_fail/parameters/calls) times"; return 1; }
}

# refused WHAT FUNCTION NTH RESULT WHY: the core does not load, modprobe fails with WHY, and
# nothing is left.
refused() {
	if lets_fail "$2" "$3" "$4" 2>/dev/null; then
		check "$1: the core does not load: $5" refused_with "$3" "$5"
		rmmod hcx_fail
		check "$1: nothing is left" nothing_left
		unload_ours
	else
		skips 2 "this kernel has no $2"
	fi
}

refused_with() {
	refused_words=$(modprobe kvm_hcx 2>&1) && { echo 'it is loaded'; return 1; }
	has_failed "$1" && echo "$refused_words" | grep -F "$2" || { echo "$refused_words"; return 1; }
}

# goes_without WHAT FUNCTION NTH RESULT WORDS: the core loads, says so, works and goes.
goes_without() {
	if lets_fail "$2" "$3" "$4" 2>/dev/null; then
		log_mark
		check "$1: the core loads and says so" loads_and_says "$3" "$5"
		modprobe hcx_echo
		check "$1: it works" echo_answers
		unload_ours
	else
		skips 2 "this kernel has no $2"
	fi
}

loads_and_says() {
	loads kvm_hcx && has_failed "$1" && { [ -z "$2" ] || log_has "$2"; }
}

# without_bpf WHAT FUNCTION NTH RESULT WORDS
without_bpf() {
	if [ "$struct_ops" = none ]; then
		skips 2 'this kernel takes no handlers in BPF'
	elif [ -z "$has_btf" ]; then
		skips 2 'the core was built without BTF'
	else
		goes_without "$@"
	fi
}

# Numbers of errors that the kernel itself would not return there.
refused 'no notifier of modules' register_module_notifier 1 -7 'Argument list too long'
refused 'the guard has no filter' ftrace_set_filter_ip 1 -7 'Argument list too long'
refused 'the guard is not traced' register_ftrace_function 1 -18 'cross-device link'
refused 'the hook has no filter' ftrace_set_filter 1 -22 'Invalid argument'
refused 'no workqueue' "$workqueue" 1 0 'Cannot allocate memory'
refused 'the end of VMs has no filter' ftrace_set_filter_ip 2 -7 'Argument list too long'
refused 'the second is not traced' register_ftrace_function 2 -18 'cross-device link'
refused 'no direct call' "$direct" 1 -5 'Input/output error'
refused 'no device' misc_register 1 -7 'Argument list too long'
refused 'the device is there' misc_register 1 -17 'Device or resource busy'

goes_without '/dev/kvm does not open' filp_open 1 -13 'self-check left out: no VM can be run now (-13)'
goes_without 'no memory to map' vm_mmap 1 -12 'self-check left out: no VM can be run now (-12)'
goes_without 'the function is taken' "$direct" 1 -16 'redirecting it through ftrace instead'
goes_without 'no debugfs' debugfs_create_dir 1 -12 ''

without_bpf 'no workqueue for BPF' "$workqueue" 2 0 'takes no handlers in BPF (-12)'
without_bpf 'no struct_ops' "$struct_ops" 1 -7 'takes no handlers in BPF (-7)'
without_bpf 'no kfuncs' register_btf_kfunc_id_set 1 -7 'takes no handlers in BPF (-7)'
finish
