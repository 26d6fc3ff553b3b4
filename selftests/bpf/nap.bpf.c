// SPDX-License-Identifier: GPL-2.0
/* Waits RBX milliseconds. */
#include "hcx.bpf.h"

SEC("struct_ops.s/call")
long BPF_PROG(nap, struct hcx_call *call)
{
	return hcx_bpf_wait(call, hcx_bpf_arg(call, 0));
}

HCX_BPF_HANDLER(nap, .nr = HCX_NR_ANY, .budget_ms = 15000);
