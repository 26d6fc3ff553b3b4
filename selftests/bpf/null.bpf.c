// SPDX-License-Identifier: GPL-2.0
/* For the benchmark: what a handler in BPF costs that does nothing. */
#include "hcx.bpf.h"

#ifndef SECTION
#define SECTION "struct_ops/call"
#endif

SEC(SECTION)
long BPF_PROG(bpf_null, struct hcx_call *call)
{
	return 0;
}

HCX_BPF_HANDLER(bpf_null, .nr = HCX_NR_ANY);
