// SPDX-License-Identifier: GPL-2.0
/* A guest with no operating system finds and calls hypercalls by hcx_guest.h. */
#include <uapi/linux/hcx_guest.h>

#include "hcx_util.h"
#include "kvm_util.h"
#include "processor.h"

static struct hcx_guest guest;

static void say_registers(const struct hcx_regs *regs)
{
	GUEST_SYNC(regs->rbx);
	GUEST_SYNC(regs->rcx);
	GUEST_SYNC(regs->rdx);
	GUEST_SYNC(regs->rsi);
}

/* Older libraries start a guest with a stack that SSE instructions find misaligned. */
static void __attribute__((force_align_arg_pointer)) guest_main(void)
{
	struct hcx_regs regs = { 1, 20, 300, 0x4000000000 };
	long long nr;

	GUEST_SYNC(hcx_guest_detect(&guest));
	GUEST_SYNC(guest.kvm);
	GUEST_SYNC(hcx_guest_version(&guest));
	GUEST_SYNC(hcx_guest_features(&guest));
	nr = hcx_guest_find(&guest, "echo");
	GUEST_SYNC(hcx_guest_flags(&guest, nr));
	GUEST_SYNC(hcx_guest_call(&guest, nr, &regs));
	say_registers(&regs);

	nr = hcx_guest_find(&guest, "sixteen-bytes-ab");
	GUEST_SYNC(hcx_guest_flags(&guest, nr));
	hcx_guest_call(&guest, nr, &regs);
	say_registers(&regs);

	GUEST_SYNC(hcx_guest_find(&guest, "sixteen-bytes-a"));
	GUEST_SYNC(hcx_guest_call(&guest, HCX_NR_ALLOTTED_LAST, &regs));
	guest.kvm = 0;
	GUEST_SYNC(hcx_guest_call(&guest, nr, &regs));
	GUEST_DONE();
}

static uint64_t next_value(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "the guest did not reach GUEST_SYNC");

	return uc.args[1];
}

static void expect_echo(struct kvm_vcpu *vcpu)
{
	expect(next_value(vcpu), 0, "echo has no flags");
	expect(next_value(vcpu), 1 + 2 * 20 + 3 * 300 + 4 * 0x4000000000, "echo answers");
	expect(next_value(vcpu), 1, "RBX is what it was");
	expect(next_value(vcpu), 20, "RCX is what it was");
	expect(next_value(vcpu), 300, "RDX is what it was");
	expect(next_value(vcpu), 0x4000000000, "RSI is what it was");
}

static void expect_results(struct kvm_vcpu *vcpu)
{
	expect(next_value(vcpu), HCX_RESULT_RBX | HCX_RESULT_RSI, "the flags tell of two results");
	expect(next_value(vcpu), 0xabcdef0000000000, "RBX is a result");
	expect(next_value(vcpu), 20, "RCX is what it was");
	expect(next_value(vcpu), 300, "RDX is what it was");
	expect(next_value(vcpu), 0xabcdef0000000003, "RSI is a result");
}

/* As VMMs do; before 6.14 it is not among what KVM offers. */
static void say_hypervisor(struct kvm_vcpu *vcpu)
{
	vcpu_get_cpuid_entry(vcpu, 1)->ecx |= 1U << 31;
	vcpu_set_cpuid(vcpu);
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	require_hcx(18);
	require_module("hcx_echo");
	must_control("register sixteen-bytes-ab 0xffffffff %d results 0",
		     HCX_RESULT_RBX | HCX_RESULT_RSI);

	vm = vm_create_with_one_vcpu(&vcpu, guest_main);
	say_hypervisor(vcpu);
	expect(next_value(vcpu), 0, "kvm-hcx is detected");
	expect(next_value(vcpu), 1, "so is KVM");
	expect(next_value(vcpu), HCX_ABI_VERSION, "the version");
	expect(next_value(vcpu) & HCX_FEATURE_RESULTS, HCX_FEATURE_RESULTS, "the features");
	expect_echo(vcpu);
	expect_results(vcpu);
	expect(next_value(vcpu), ERR64(KVM_ENOSYS), "nobody has the name");
	expect(next_value(vcpu), ERR64(KVM_ENOSYS), "nobody has the number");
	expect(next_value(vcpu), ERR64(KVM_ENOSYS), "elsewhere than on KVM nothing is called");

	kvm_vm_free(vm);
	must_control("unregister sixteen-bytes-ab");
	ksft_finished();
}
