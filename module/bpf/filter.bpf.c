// SPDX-License-Identifier: GPL-2.0
/*
 * Lets each VM ring its doorbell 0x41 ten times a second, and three times in a row: a token
 * bucket in front of it.
 */
#include "hcx.bpf.h"

#define DOORBELL	0x41
#define BURST		3
#define NS_PER_TOKEN	(1000000000ULL / 10)

/* When the VM's bucket will be full, if it takes no more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} buckets SEC(".maps");

/* Of two vCPUs at the same moment one gets none. */
static bool take_token(__u64 *bucket, __u64 now)
{
	__u64 full = *bucket, start = full > now ? full : now;

	return start + NS_PER_TOKEN <= now + BURST * NS_PER_TOKEN &&
	       __sync_bool_compare_and_swap(bucket, full, start + NS_PER_TOKEN);
}

/* What the doorbell answers; or -HCX_EAGAIN: too often. */
SEC("struct_ops/call")
long BPF_PROG(filter, struct hcx_call *call)
{
	struct hcx_bpf_caller caller = {};
	__u64 *bucket, full = 0;

	hcx_bpf_get_caller(call, &caller);
	bpf_map_update_elem(&buckets, &caller.vm, &full, BPF_NOEXIST);
	bucket = bpf_map_lookup_elem(&buckets, &caller.vm);
	if (!bucket || !take_token(bucket, bpf_ktime_get_ns()))
		return -HCX_EAGAIN;

	return hcx_bpf_ring(call, DOORBELL, hcx_bpf_arg(call, 0));
}

HCX_BPF_HANDLER(filter, .nr = HCX_NR_ANY);
