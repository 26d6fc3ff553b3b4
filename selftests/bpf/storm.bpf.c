// SPDX-License-Identifier: GPL-2.0
/* Answers as the example hello does, or more than that, now and then after a millisecond. */
#include "hcx.bpf.h"

#define STORM	0x72	/* steps and soak.h have it, too */

#ifndef ADDED
#define ADDED	0
#endif

SEC("struct_ops.s/call")
long BPF_PROG(storm, struct hcx_call *call)
{
	if (!(bpf_get_prandom_u32() % 8))
		hcx_bpf_wait(call, 1);

	return hcx_bpf_arg(call, 0) + 2 * hcx_bpf_arg(call, 1) +
	       3 * hcx_bpf_arg(call, 2) + 4 * hcx_bpf_arg(call, 3) + ADDED;
}

HCX_BPF_HANDLER(storm, .nr = STORM);
