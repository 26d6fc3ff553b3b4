// SPDX-License-Identifier: GPL-2.0
/*
 * What hcx-bpf, the verifier or the core is to refuse: one for each name that is defined. And
 * what is taken after one of them.
 */
#include "hcx.bpf.h"

#ifndef SECTION
#define SECTION "struct_ops.s/call"
#endif
#ifndef LINK_SECTION
#define LINK_SECTION ".struct_ops.link"
#endif
#ifndef FIELDS
#define FIELDS .nr = HCX_NR_ANY
#endif
#ifndef NAME
#define NAME "refused"
#endif
#ifndef LICENSE_TEXT
#define LICENSE_TEXT "GPL"
#endif

#ifndef COPY
#define COPY hcx_bpf_read_guest
#endif

#ifndef MAP
#define MAP data
#endif
#ifndef MAP_SIZE
#define MAP_SIZE 64
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[MAP_SIZE]);
} MAP SEC(".maps");

char LICENSE[] SEC("license") = LICENSE_TEXT;

#ifdef IN_RCU
__ksym void bpf_rcu_read_lock(void);
__ksym void bpf_rcu_read_unlock(void);
#endif

/* A program of another type beside the handler. */
#ifdef FROM_KPROBE
SEC("kprobe/schedule")
int elsewhere(struct hcx_call *call)
{
	return hcx_bpf_arg(call, 0);
}
#endif

#ifndef NO_PROGRAM
SEC(SECTION)
long BPF_PROG(refused, struct hcx_call *call)
{
	char text[16] = {};

#ifdef WRITES_CALL
	*(volatile __u64 *)call = 1;
#endif
#ifdef WRITES_CONTEXT
	ctx[0] = 0;
#endif
#ifdef MORE_THAN_BUFFER
	return COPY(call, 0, text, 4096);
#endif
#ifdef UNBOUNDED
	return COPY(call, 0, text, hcx_bpf_arg(call, 0));
#endif
#ifdef SMALL_CALLER
	hcx_bpf_get_caller(call, (struct hcx_bpf_caller *)(text + 8));
#endif
#ifdef SLEEPS
	return hcx_bpf_wait(call, 1);
#endif
#ifdef IN_RCU
	bpf_rcu_read_lock();
	hcx_bpf_wait(call, 1);
	bpf_rcu_read_unlock();
#endif
#ifdef COPIES
	return COPY(call, 0, text, sizeof(text));
#endif
#ifdef FALSE_CALL
	return hcx_bpf_arg((struct hcx_call *)text, 0);
#endif
#ifdef NO_CALL
	return hcx_bpf_arg(NULL, 0);
#endif
#ifdef NUMBER_AS_CALL
	return hcx_bpf_arg((struct hcx_call *)hcx_bpf_arg(call, 0), 0);
#endif
#ifdef ENDLESS
	for (;;)
		if (hcx_bpf_arg(call, 0))
			__sync_fetch_and_add((__u64 *)text, 1);
#endif
#ifdef POINTER_ARGUMENT
	return *(volatile char *)hcx_bpf_arg(call, 0);
#endif
	return text[0];
}

#define PROGRAM ((void *)refused)
#else
#define PROGRAM 0
#endif

SEC(LINK_SECTION)
struct hcx_bpf_handler refused_handler = {
	.name = NAME, .call = PROGRAM, FIELDS
};
