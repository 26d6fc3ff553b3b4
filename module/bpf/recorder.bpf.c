// SPDX-License-Identifier: GPL-2.0
/* Records guests' markers: RBX is an id, RCX where up to 64 bytes of text are. */
#include "hcx.bpf.h"
#include "recorder.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} records SEC(".maps");

/* 0; or the error of the copy, or -HCX_EAGAIN: nobody reads, and the buffer is full. */
SEC("struct_ops.s/call")
long BPF_PROG(recorder, struct hcx_call *call)
{
	struct hcx_bpf_caller caller = {};
	struct record record = { .ns = bpf_ktime_get_ns(), .id = hcx_bpf_arg(call, 0) };
	long ret = hcx_bpf_read_guest(call, hcx_bpf_arg(call, 1), record.text,
				      sizeof(record.text));

	if (ret)
		return ret;
	hcx_bpf_get_caller(call, &caller);
	record.pid = caller.pid;
	record.vcpu = caller.vcpu;

	return bpf_ringbuf_output(&records, &record, sizeof(record), 0) ? -HCX_EAGAIN : 0;
}

HCX_BPF_HANDLER(recorder, .nr = HCX_NR_ANY);
