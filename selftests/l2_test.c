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

#define NR		0x36	/* of L2 alone */
#define SHARED		0x37	/* L1 has called it before */
#define L2_STACK	64

/*
 * The vendor's own: the other's is not patched for an L2 guest. L1 chooses, as a
 * CPUID of L2 would exit to it.
 */
static void l2_vmmcall(void)
{
	asm volatile("vmmcall" : : "a"(NR));
	asm volatile("vmmcall" : : "a"(SHARED));
}

static void l2_vmcall(void)
{
	asm volatile("vmcall" : : "a"(NR));
	asm volatile("vmcall" : : "a"(SHARED));
}

static void l1_svm(struct svm_test_data *svm)
{
	uint64_t stack[L2_STACK];
	int i;

	GUEST_SYNC(kvm_hypercall(SHARED, 0, 0, 0, 0));
	generic_svm_setup(svm, l2_vmmcall, &stack[L2_STACK]);
	for (i = 0; i < 2; i++) {
		run_guest(svm->vmcb, svm->vmcb_gpa);
		GUEST_SYNC(svm->vmcb->control.exit_code);
		GUEST_SYNC(svm->vmcb->save.rax);
		svm->vmcb->save.rip += INSN_SIZE;
	}
	GUEST_DONE();
}

static void l1_vmx(struct vmx_pages *vmx)
{
	uint64_t stack[L2_STACK];

	GUEST_SYNC(kvm_hypercall(SHARED, 0, 0, 0, 0));
	GUEST_ASSERT(prepare_for_vmx_operation(vmx));
	GUEST_ASSERT(load_vmcs(vmx));
	prepare_vmcs(vmx, l2_vmcall, &stack[L2_STACK]);
	GUEST_ASSERT(!vmlaunch());
	GUEST_SYNC(vmreadz(VM_EXIT_REASON));
	vmwrite(GUEST_RIP, vmreadz(GUEST_RIP) + INSN_SIZE);
	GUEST_ASSERT(!vmresume());
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
	expect(next_value(vcpu), 0x37, "L1 is answered");
	expect(next_value(vcpu), SVM_EXIT_VMMCALL, "L2's call exits to L1");
	expect(next_value(vcpu), NR, "with the number in RAX");
	expect(next_value(vcpu), SVM_EXIT_VMMCALL, "so does one of a number that L1 has called");
	expect(next_value(vcpu), SHARED, "with the number in RAX");
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
	expect(next_value(vcpu), 0x37, "L1 is answered");
	expect(next_value(vcpu), EXIT_REASON_VMCALL, "L2's call exits to L1");
	expect(next_value(vcpu), EXIT_REASON_VMCALL, "so does one of a number that L1 has called");
	kvm_vm_free(vm);
}

int main(void)
{
	bool svm = kvm_cpu_has(X86_FEATURE_SVM);

	require_hcx(svm ? 7 : 5);
	__TEST_REQUIRE(svm || kvm_cpu_has(X86_FEATURE_VMX), "KVM offers its guests no SVM or VMX");
	must_control("register l2 %#x %d value 0x36", NR, HCX_RING3);
	must_control("register shared %#x %d value 0x37", SHARED, HCX_RING3);

	if (svm)
		test_svm();
	else
		test_vmx();
	expect(calls_of("l2"), 0, "no handler has answered L2");
	expect(calls_of("shared"), 1, "nor one that has answered L1");

	must_control("unregister l2");
	must_control("unregister shared");
	ksft_finished();
}
