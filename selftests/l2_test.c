// SPDX-License-Identifier: GPL-2.0
/*
 * A hypercall of an L2 guest is its L1 hypervisor's: it exits there, and no
 * handler sees it. (Where an SVM hypervisor does not intercept VMMCALL, KVM does
 * not either, and L2 gets #UD: recalc_intercepts() in arch/x86/kvm/svm/nested.c.)
 */
#include "guest.h"
#include "hcx_util.h"
#include "svm_util.h"
#include "vmx.h"

#define NR		0x36
#define L2_STACK	64

/*
 * The vendor's own: the other's is not patched for an L2 guest. L1 chooses, as a
 * CPUID of L2 would exit to it.
 */
static void l2_vmmcall(void)
{
	asm volatile("vmmcall" : : "a"(NR));
}

static void l2_vmcall(void)
{
	asm volatile("vmcall" : : "a"(NR));
}

static void l1_svm(struct svm_test_data *svm)
{
	uint64_t stack[L2_STACK];

	generic_svm_setup(svm, l2_vmmcall, &stack[L2_STACK]);
	run_guest(svm->vmcb, svm->vmcb_gpa);
	GUEST_SYNC(svm->vmcb->control.exit_code);
	GUEST_SYNC(svm->vmcb->save.rax);
	GUEST_DONE();
}

static void l1_vmx(struct vmx_pages *vmx)
{
	uint64_t stack[L2_STACK];

	GUEST_ASSERT(prepare_for_vmx_operation(vmx));
	GUEST_ASSERT(load_vmcs(vmx));
	prepare_vmcs(vmx, l2_vmcall, &stack[L2_STACK]);
	GUEST_ASSERT(!vmlaunch());
	GUEST_SYNC(vmreadz(VM_EXIT_REASON));
	GUEST_DONE();
}

static void test_svm(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	vm_vaddr_t svm;

	vm = vm_create_with_one_vcpu(&vcpu, l1_svm);
	vcpu_alloc_svm(vm, &svm);
	vcpu_args_set(vcpu, 1, svm);
	expect(next_value(vcpu), SVM_EXIT_VMMCALL, "it exits to L1");
	expect(next_value(vcpu), NR, "with the number in RAX");
	kvm_vm_free(vm);
}

static void test_vmx(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	vm_vaddr_t vmx;

	vm = vm_create_with_one_vcpu(&vcpu, l1_vmx);
	vcpu_alloc_vmx(vm, &vmx);
	vcpu_args_set(vcpu, 1, vmx);
	expect(next_value(vcpu), EXIT_REASON_VMCALL, "it exits to L1");
	kvm_vm_free(vm);
}

int main(void)
{
	bool svm = kvm_cpu_has(X86_FEATURE_SVM);

	require_hcx(svm ? 3 : 2);
	__TEST_REQUIRE(svm || kvm_cpu_has(X86_FEATURE_VMX), "KVM offers its guests no SVM or VMX");
	must_control("register l2 %#x %d value 0x36", NR, HCX_RING3);

	if (svm)
		test_svm();
	else
		test_vmx();
	expect(calls_of("l2"), 0, "the handler was never called");

	must_control("unregister l2");
	ksft_finished();
}
