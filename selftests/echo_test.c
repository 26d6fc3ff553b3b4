// SPDX-License-Identifier: GPL-2.0
/* A guest program finds the echo example by its name and calls it. */
#include "hcx_util.h"
#include "kvm_util.h"
#include "processor.h"

static void guest_main(void)
{
	uint64_t nr = kvm_hypercall(HCX_NR_DISCOVERY, HCX_DISCOVER_NAME,
				    0x6f686365 /* "echo" */, 0, 0);

	GUEST_SYNC(nr);
	GUEST_SYNC(kvm_hypercall(nr, 1, 20, 300, 4000));
	GUEST_DONE();
}

static uint64_t next_value(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "the guest did not reach GUEST_SYNC");

	return uc.args[1];
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	uint64_t nr;

	require_hcx(2);
	require_module("hcx_echo");

	vm = vm_create_with_one_vcpu(&vcpu, guest_main);
	nr = next_value(vcpu);
	ksft_test_result(nr >= HCX_NR_ALLOTTED_FIRST && nr <= HCX_NR_ALLOTTED_LAST,
			 "discovery knows echo: %#lx\n", nr);
	expect(next_value(vcpu), 1 + 2 * 20 + 3 * 300 + 4 * 4000, "echo answers");

	kvm_vm_free(vm);
	ksft_finished();
}
