// SPDX-License-Identifier: GPL-2.0
/*
 * Follows the pointers of its call, as bpf.rst says that one can: KVM's structures differ from
 * kernel to kernel, and CO-RE has to find them. The answer is how many vCPUs the caller's VM has
 * and, in the low 8 bits, which of them calls: a field that is 0 does for none of it.
 */
#include "hcx.bpf.h"

struct kvm {
	__s32 userspace_pid;
	int created_vcpus;
} __attribute__((preserve_access_index));

struct kvm_vcpu {
	struct kvm *kvm;
	int vcpu_id;
} __attribute__((preserve_access_index));

/* What stands behind three '_' is not of the name, to CO-RE. */
struct hcx_call___own {
	struct kvm_vcpu *vcpu;
} __attribute__((preserve_access_index));

SEC("struct_ops/call")
long BPF_PROG(core, struct hcx_call *call)
{
	const struct kvm_vcpu *vcpu = ((struct hcx_call___own *)call)->vcpu;
	struct hcx_bpf_caller caller = {};

	hcx_bpf_get_caller(call, &caller);
	if (vcpu->vcpu_id != caller.vcpu || vcpu->kvm->userspace_pid != caller.pid)
		return -KVM_EFAULT;

	return vcpu->kvm->created_vcpus << 8 | vcpu->vcpu_id;
}

HCX_BPF_HANDLER(core, .nr = HCX_NR_ANY);
