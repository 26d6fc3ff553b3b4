// SPDX-License-Identifier: GPL-2.0
/* Counts each VM's calls, in a map that programs on the host read: bpf.rst shows how. */
#include "hcx.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} calls SEC(".maps");

/* Answers how many they are now, or -KVM_E2BIG: there is no room for one more VM. */
SEC("struct_ops/call")
long BPF_PROG(count, struct hcx_call *call)
{
	struct hcx_bpf_caller caller = {};
	__u64 *value, zero = 0;

	hcx_bpf_get_caller(call, &caller);
	bpf_map_update_elem(&calls, &caller.vm, &zero, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&calls, &caller.vm);

	return value ? __sync_fetch_and_add(value, 1) + 1 : -KVM_E2BIG;
}

HCX_BPF_HANDLER(count, .nr = HCX_NR_ANY);
