// SPDX-License-Identifier: GPL-2.0
/* Answers with a function of its four arguments, as ../examples/echo.c does. */
#include "hcx.bpf.h"

SEC("struct_ops/call")
long BPF_PROG(hello, struct hcx_call *call)
{
	return hcx_bpf_arg(call, 0) + 2 * hcx_bpf_arg(call, 1) +
	       3 * hcx_bpf_arg(call, 2) + 4 * hcx_bpf_arg(call, 3);
}

HCX_BPF_HANDLER(hello, .nr = HCX_NR_ANY);
