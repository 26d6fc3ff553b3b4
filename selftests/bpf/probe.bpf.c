// SPDX-License-Identifier: GPL-2.0
/* For ../bpf_calls.c: RBX says what to try. */
#include "hcx.bpf.h"
#include "probe.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[TOO_MUCH]);
} too_much SEC(".maps");

static long read(struct hcx_call *call, __u64 gpa)
{
	long value = 0, ret = hcx_bpf_read_guest(call, gpa, &value, sizeof(value));

	return ret ? ret : value;
}

static long write(struct hcx_call *call, __u64 gpa, __u64 value)
{
	return hcx_bpf_write_guest(call, gpa, &value, sizeof(value));
}

static long copy_too_much(struct hcx_call *call, __u64 gpa, bool write)
{
	__u32 zero = 0;
	char *data = bpf_map_lookup_elem(&too_much, &zero);

	if (!data)
		return -1;
	return write ? hcx_bpf_write_guest(call, gpa, data, TOO_MUCH) :
		       hcx_bpf_read_guest(call, gpa, data, TOO_MUCH);
}

static long who(struct hcx_call *call, __u64 field)
{
	struct hcx_bpf_caller caller = {};

	hcx_bpf_get_caller(call, &caller);
	switch (field) {
	case OF_VM:
		return caller.vm;
	case OF_PID:
		return caller.pid;
	case OF_VCPU:
		return caller.vcpu;
	case OF_NR:
		return caller.nr;
	default:
		return caller.flags;
	}
}

/* Twice, if RDX is not 0. */
static long wait(struct hcx_call *call, __u64 ms, __u64 again)
{
	long ret = hcx_bpf_wait(call, ms);

	return again ? hcx_bpf_wait(call, again) : ret;
}

SEC("struct_ops.s/call")
long BPF_PROG(probe, struct hcx_call *call)
{
	__u64 a1 = hcx_bpf_arg(call, 1), a2 = hcx_bpf_arg(call, 2);

	switch (hcx_bpf_arg(call, 0)) {
	case READ:
		return read(call, a1);
	case WRITE:
		return write(call, a1, a2);
	case READ_TOO_MUCH:
		return copy_too_much(call, a1, false);
	case WRITE_TOO_MUCH:
		return copy_too_much(call, a1, true);
	case WHO:
		return who(call, a1);
	case RESULT:
		return hcx_bpf_set_result(call, a1, a2);
	case RING:
		return hcx_bpf_ring(call, a1, a2);
	case WAIT:
		return wait(call, a1, a2);
	case ARG:
		return hcx_bpf_arg(call, a1);
	default:
		return -KVM_EINVAL;
	}
}

HCX_BPF_HANDLER(probe, .nr = PROBE, .budget_ms = PROBE_MS, .flags = HCX_RING3 | HCX_RESULT_RDX);
