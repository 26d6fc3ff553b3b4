# SPDX-License-Identifier: GPL-2.0
# Sourced by the shell tests, after ktap.sh: modules in and out, what the
# kernel log says of it, and guests that call.
# shellcheck shell=sh

# The answer to a number that nobody has: -KVM_ENOSYS in RAX.
enosys=0xfffffffffffffc18

tracing=/sys/kernel/tracing
control=/sys/kernel/debug/hcx_test

# Ours that are loaded, users before what they use, as lsmod shows them.
ours() {
	lsmod | awk '$1 ~ /^(hcx_|kvm_hcx$)/ { print $1 }'
}

loaded() {
	[ -d "/sys/module/$1" ]
}

# loads, as from modprobe, which may give parameters; unloads, as from rmmod.
loads() {
	modprobe "$@" && loaded "$1"
}

unloads() {
	rmmod "$@" && fails loaded "$1"
}

unload_ours() {
	unload_but none
}

unload_but() {
	for module in $(ours | grep -v -x "$1"); do
		rmmod "$module"
	done
}

# How many use a module.
users() {
	awk -v module="$1" '$1 == module { print $3 }' /proc/modules
}

traced_functions() {
	awk '{ print $1 }' $tracing/enabled_functions
}

# Leaves the machine as it was found; with HCX_PUT_BACK=no ours as they are, for another test,
# since a load of the core takes half a minute under Bochs.
put_back() {
	rm -rf "$tmp"
	modprobe "$vendor"
	[ "${HCX_PUT_BACK:-}" != no ] || return
	unload_ours 2>/dev/null
	for module in $loaded_before; do
		modprobe "$module"
	done
}

# need MODULE...: skips where the test cannot run; starts it with none of ours loaded.
need() {
	can_run "$@"
	unload_ours
	[ -z "$(ours)" ] || skip 'the modules are in use:' "$(ours)"
}

# need_core MODULE...: the same, but the core is loaded.
need_core() {
	can_run kvm_hcx "$@"
	unload_but kvm_hcx
	modprobe kvm_hcx
	[ "$(ours)" = kvm_hcx ] || skip 'the core cannot be loaded, or other modules are in use:' "$(ours)"
}

can_run() {
	[ -c /dev/kvm ] || skip 'there is no /dev/kvm'
	[ "$(id -u)" = 0 ] || skip 'only root can load modules'
	[ -r $tracing/enabled_functions ] || skip "tracefs is not mounted on $tracing"
	for vendor in kvm_amd kvm_intel none; do
		loaded $vendor && break
	done
	[ $vendor != none ] || skip 'neither kvm_amd nor kvm_intel is a loaded module'
	[ "$(users $vendor)" = 0 ] || skip "a VM is running: $vendor is in use"
	for module; do
		modprobe -D "$module" >/dev/null 2>&1 || skip "modprobe does not find $module"
	done

	loaded_before=$(ours)
	trap put_back EXIT
}

# log_mark: what the kernel says from now on is what log_has looks at.
log_mark() {
	log_last=$(dmesg | tail -n 1)
	export log_last
}

log_since() {
	dmesg | awk '
		BEGIN { seen = ENVIRON["log_last"] == "" }
		seen
		$0 == ENVIRON["log_last"] { seen = 1 }'
}

log_has() {
	log_since | grep -q -e "$1" || { log_since; return 1; }
}

# answers WANT NUMBER|NAME [ARGUMENT...]
answers() {
	answers_want=$1
	shift
	equal "$(./call_once "$@" 2>&1)" "$answers_want"
}

# 1 + 2 * 20 + 3 * 300 + 4 * 4000
echo_answers() {
	answers 0x422d echo 1 20 300 4000
}

# asleep PID MODULE: the vCPU of that process is in a handler of that module.
asleep() {
	grep -q "\[$2\]" "/proc/$1/stack" 2>/dev/null
}

ended() {
	! kill -0 "$1" 2>/dev/null
}

# attaches FILE COMMAND...: starts a tracer in the background, as $attached; it succeeds when
# it has said "attached" in FILE. That is emptied here: the shell in the background would
# do so after the first look into it.
attaches() {
	attaches_file=$1
	shift
	: >"$attaches_file"
	"$@" >>"$attaches_file" 2>&1 &
	attached=$!
	soon attaches_settled && attaches_said
}

attaches_said() {
	grep -q -x attached "$attaches_file"
}

attaches_settled() {
	attaches_said || ended $attached
}

# handler NAME KIND VALUE [BUDGET_MS]: hcx_test registers it anew, with an allotted number.
handler() {
	handler_name=$1
	shift
	echo "unregister $handler_name" >$control/control 2>/dev/null
	echo "register $handler_name 0xffffffff 0 $*" >$control/control
}

# traced N PATTERN: so many lines of the trace match.
traced() {
	equal "$(grep -c -E "$2" $tracing/trace)" "$1" || { cat $tracing/trace; return 1; }
}

# Whether a direct call shares its function with others: from 6.0 on. Before 5.17
# hcx_interfere cannot even register one, for want of an address.
direct_calls_share() {
	loads hcx_interfere how=direct 2>/dev/null && unloads hcx_interfere
}
