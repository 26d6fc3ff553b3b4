/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvm-hcx: hypercall handlers in BPF. This is all that one includes, compiled by
 * clang -target bpf; Documentation/bpf.rst is its guide.
 *
 * A handler is a program and a structure, for hcx-bpf or another loader on libbpf to attach:
 *
 *	SEC("struct_ops/call")
 *	long BPF_PROG(hello, struct hcx_call *call)
 *	{
 *		return hcx_bpf_arg(call, 0) + 1;
 *	}
 *
 *	HCX_BPF_HANDLER(hello, .nr = HCX_NR_ANY);
 *
 * In SEC("struct_ops.s/call") it is sleepable. It runs in the vCPU's thread, on many vCPUs at
 * once. One object runs on every kernel from 6.12 on.
 */
#ifndef _HCX_BPF_H
#define _HCX_BPF_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/kvm_para.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <linux/kvm_hcx.h>

/* A hypercall, for the functions below: what it has is the core's. */
struct hcx_call {};

/* struct hcx_bpf_caller's flags. */
#define HCX_BPF_LONG_MODE	(1 << 0)
#define HCX_BPF_USER		(1 << 1)

/**
 * struct hcx_bpf_caller - who calls
 * @vm: names the VM; no two VMs have the same while the core is loaded
 * @pid: the process of its VMM, as the initial PID namespace numbers it
 * @vcpu: the vCPU's id, as KVM_CREATE_VCPU got it
 * @nr: the hypercall's number
 * @flags: a set of %HCX_BPF_LONG_MODE, the caller is in 64-bit mode (if not, its arguments
 *	and the result have 32 bits), and %HCX_BPF_USER, its CPL is not 0, which is possible
 *	with %HCX_RING3 only
 *
 * Since: 0.5
 */
struct hcx_bpf_caller {
	__u64 vm;
	__s32 pid;
	__u32 vcpu;
	__u32 nr;
	__u32 flags;
};

/**
 * struct hcx_bpf_handler - what answers one hypercall number
 * @nr: the number, 13 to %HCX_NR_LAST except those that the host allots, or
 *	%HCX_NR_ANY to be allotted one
 * @flags: %HCX_RING3, %HCX_OPT_IN, %HCX_RESULT_RBX and its like, as in struct hcx_handler
 *	(linux/kvm_hcx.h)
 * @budget_ms: how long a call may take at most, 1 to 15000 milliseconds; or 0, and what
 *	waits in it ends 1000 ms after the first of them began
 * @name: 1 to %HCX_NAME_LEN of a-z, 0-9, '_', '-' and '.'; no two handlers have the same. A
 *	guest finds the number by it.
 * @call: the program; RAX is what it returns. Errors are negative, in KVM's numbering
 *	(-KVM_EINVAL and its like).
 *
 * In SEC(".struct_ops.link"). The errors of attaching it, and of replacing one that is
 * attached by it:
 * * EINVAL - a field is wrong; or it is to replace one of another number, and its own is not
 *   %HCX_NR_ANY
 * * EEXIST - the number or the name is taken
 * * EBUSY - this structure is attached already
 * * ENOSPC - 4096 handlers are registered
 * * EPERM - whoever attaches has no CAP_SYS_ADMIN, for which a BPF token does not do
 * * EOPNOTSUPP - it is in SEC(".struct_ops"); or this kvm_hcx.ko takes no handlers in BPF, as
 *   it has said in the kernel log
 * * ENOMEM - no memory
 *
 * Since: 0.5
 */
struct hcx_bpf_handler {
	__u32 nr;
	__u32 flags;
	__u32 budget_ms;
	char name[HCX_NAME_LEN + 1];
	long (*call)(struct hcx_call *call);
};

/**
 * HCX_BPF_HANDLER() - the structure of the program @program, which is its name, too, and the
 * license, without which the kernel takes no program
 * @program: the program
 * @...: the other fields
 *
 * Since: 0.5
 */
#define HCX_BPF_HANDLER(program, ...)					\
	char LICENSE[] SEC("license") = "GPL";				\
	SEC(".struct_ops.link")						\
	struct hcx_bpf_handler program##_handler = {			\
		.name = #program, .call = (void *)program, ##__VA_ARGS__ \
	}

/*
 * What a handler may call, beside BPF's own helpers: module/bpf.c has the whole text of each,
 * with all errors. Those for sleepable programs only say so.
 */

/* An argument: RBX, RCX, RDX, RSI (@n 0 to 3). It is the guest's: treat it as hostile. */
__u64 hcx_bpf_arg(struct hcx_call *call, __u32 n) __ksym;

/* Who calls. */
void hcx_bpf_get_caller(struct hcx_call *call, struct hcx_bpf_caller *caller) __ksym;

/*
 * Copies from guest-physical memory, up to 64 KiB: 0 or an error to return. -HCX_ETIMEDOUT and
 * -HCX_EAGAIN are of memory that the VMM has to provide first: see bpf.rst. Sleepable.
 */
long hcx_bpf_read_guest(struct hcx_call *call, __u64 gpa, void *data, __u64 data__sz) __ksym;

/* Copies to it. Sleepable. */
long hcx_bpf_write_guest(struct hcx_call *call, __u64 gpa, const void *data,
			 __u64 data__sz) __ksym;

/* Returns a value in RBX, RCX, RDX or RSI (@n 0 to 3), if the handler's flags declare it. */
long hcx_bpf_set_result(struct hcx_call *call, __u32 n, __u64 value) __ksym;

/* Rings a doorbell of the caller's VM (HCX_HOST_DOORBELL in linux/hcx_host.h). */
long hcx_bpf_ring(struct hcx_call *call, __u32 nr, __u64 value) __ksym;

/* Waits, within the budget: 0, -HCX_ETIMEDOUT, or -HCX_EINTR: the VMM is killed. Sleepable. */
long hcx_bpf_wait(struct hcx_call *call, __u64 ms) __ksym;

#endif /* _HCX_BPF_H */
