#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What traces kvm_emulate_hypercall(), before the core is there and after: kprobes, as
# perf probe sets them; the function graph; a BPF fentry program.
# shellcheck disable=SC1091,SC2154,SC2317
. ./ktap.sh
. ./hcx_util.sh

traced=kvm_emulate_hypercall

need kvm_hcx hcx_echo hcx_interfere
[ -w $tracing/kprobe_events ] || skip 'there are no kprobe events'
grep -q -w function_graph $tracing/available_tracers || skip 'there is no function_graph tracer'
plan $((8 + 8 + 7))

kprobe_on() {
	echo "p:hcx_probe $traced" >$tracing/kprobe_events &&
		echo 1 >$tracing/events/kprobes/hcx_probe/enable
}

kprobe_off() {
	echo 0 >$tracing/events/kprobes/hcx_probe/enable
	echo >$tracing/kprobe_events
}

graph_on() {
	echo $traced >$tracing/set_ftrace_filter && echo function_graph >$tracing/current_tracer
}

graph_off() {
	echo nop >$tracing/current_tracer
	echo >$tracing/set_ftrace_filter
}

# sees PATTERN: a call is answered, and leaves it in the trace.
sees() {
	echo >$tracing/trace
	echo_answers && grep -q "$1" $tracing/trace
}

# around TRACER SEES...: on before the core, off, on again, and the core unloaded;
# SEES is the command by which a call is made in between.
around() {
	tracer=$1
	shift
	"${tracer}_on"
	check "$tracer first: kvm_hcx loads" loads kvm_hcx
	modprobe hcx_echo
	check "$tracer first: calls are answered, and seen where the kernel shows them" "$@"
	check "$tracer first: it goes" "${tracer}_off"
	check "$tracer first: calls go on" echo_answers
	check "$tracer second: it comes" "${tracer}_on"
	check "$tracer second: calls are answered, and seen where the kernel shows them" "$@"
	check "$tracer second: kvm_hcx goes" unloads hcx_echo kvm_hcx
	check "$tracer second: it goes" "${tracer}_off"
	unload_ours
}

fentry_on() {
	attaches "$tmp/fentry" ./bpf_fentry || { cat "$tmp/fentry"; return 1; }
}

fentry_off() {
	kill $attached
	wait $attached 2>/dev/null
}

# From 7.x on the kernel says EINVAL.
told_busy() {
	grep -i -e ': Device or resource busy' -e ': Invalid argument' "$tmp/fentry" ||
		{ cat "$tmp/fentry"; return 1; }
}

around_fentry() {
	log_mark
	check 'fentry first: kvm_hcx loads' loads kvm_hcx
	check 'fentry first: it tells of the fallback' log_has 'has a direct call already, of a BPF fentry'
	modprobe hcx_echo
	check 'fentry first: calls work' echo_answers
	fentry_off
	check 'fentry first: when it is gone, calls go on' echo_answers
	unload_ours
	modprobe hcx_echo
	check 'fentry second: it is refused' fails fentry_on
	check 'fentry second: because the function is busy' told_busy
	check 'fentry second: calls go on' echo_answers
	unload_ours
}

around kprobe sees hcx_probe
# Before 6.0 the function graph leaves out functions with direct calls.
if direct_calls_share; then
	around graph sees $traced
else
	around graph echo_answers
fi
if [ ! -x ./bpf_fentry ]; then
	skips 7 'there is no bpf_fentry: it is built where libbpf-dev is installed'
elif ! fentry_on >/dev/null; then
	skips 7 "a BPF fentry program cannot be attached here: $(cat "$tmp/fentry")"
else
	around_fentry
fi
finish
