// SPDX-License-Identifier: GPL-2.0
/*
 * More vCPUs than the core goes through in one go (BATCH in module/binding.c) call
 * handlers that go first, and handlers that their VM goes before.
 */
#include "guest.h"
#include "hcx_util.h"

#define VCPUS	150

static struct kvm_vcpu *vcpus[VCPUS];

static void guest_main(void)
{
	for (;;) {
		GUEST_SYNC(kvm_hypercall(0x20, 0, 0, 0, 0));
		GUEST_SYNC(kvm_hypercall(0x21, 0, 0, 0, 0));
	}
}

/* Each calls one handler and the other: how many results were @first, @second. */
static void call_all(uint64_t first, uint64_t second, const char *when)
{
	int firsts = 0, seconds = 0, i;

	for (i = 0; i < VCPUS; i++) {
		firsts += next_value(vcpus[i]) == first;
		seconds += next_value(vcpus[i]) == second;
	}
	expect(firsts, VCPUS, "%s: the first handler's number", when);
	expect(seconds, VCPUS, "%s: the second's", when);
}

static void expect_counted(const char *name, unsigned long calls, int vms, const char *when)
{
	struct counted counted;

	counted_of(name, &counted);
	expect(counted.calls, calls, "%s: calls are counted", when);
	expect(counted.inside, 0, "%s: none is inside", when);
	expect(counted.vms, vms, "%s: lines of VMs", when);
}

int main(void)
{
	struct kvm_vm *vm;

	require_hcx(3 * 2 + 3 * 3);
	must_control("register first 0x20 0 value 1");
	must_control("register second 0x21 0 value 2");
	vm = vm_create_with_vcpus(VCPUS, guest_main, vcpus);

	call_all(1, 2, "both registered");
	expect_counted("first", VCPUS, 1, "both registered");
	must_control("unregister first");
	call_all(ERR64(KVM_ENOSYS), 2, "the first is gone");
	must_control("register first 0x20 0 value 3");
	call_all(3, 2, "it is back");
	expect_counted("first", VCPUS, 1, "it is back");

	kvm_vm_free(vm);
	expect_counted("second", 3 * VCPUS, 0, "the VM is gone");
	must_control("unregister first");
	must_control("unregister second");
	ksft_finished();
}
