// SPDX-License-Identifier: GPL-2.0
/*
 * Hyper-V and Xen guests' hypercalls are theirs: a registered number in RAX
 * changes nothing. And before a guest says that it is a Hyper-V one, or without
 * Xen interception, it is a KVM guest.
 */
#include "guest.h"
#include "hcx_util.h"
#include "hyperv.h"

#define NR 0x35

/* Xen's interface (public/xen.h), and linux/kvm.h from 6.2 on. */
#define XEN_VERSION_NR		17
#define XEN_VERSION_ATTR	0x4

struct outcome {
	uint64_t rax, exit;
};

/* One call by a new VM: an exit to the VMM would be completed by the next. */
static struct outcome call_as(void (*become)(struct guest *guest), int ring, uint64_t nr)
{
	struct outcome outcome;
	struct guest guest;

	guest_create(&guest, GUEST_LONG, ring);
	become(&guest);
	guest_prepare(&guest, nr, 0, 0, 0, 0);
	guest_enter(&guest);
	outcome.rax = guest.regs.rax;
	outcome.exit = guest.vcpu->run->exit_reason;
	guest_free(&guest);

	return outcome;
}

/* RAX as a VM finds it with the handler registered must be the same as without. */
static void expect_same(void (*become)(struct guest *guest), int ring, uint64_t nr,
			const char *what)
{
	struct outcome without = call_as(become, ring, nr), with;

	must_control("register other %#lx %d value 0x35", nr, HCX_RING3);
	with = call_as(become, ring, nr);

	expect(with.rax, without.rax, "%s: the same RAX", what);
	expect(with.exit, without.exit, "%s: the same exit", what);
	expect(calls_of("other"), 0, "%s: no call of the handler", what);
	must_control("unregister other");
}

static void expect_untouched(void (*become)(struct guest *guest), int ring, const char *what)
{
	struct outcome with;

	expect_same(become, ring, NR, what);
	with = call_as(become, ring, HCX_NR_DISCOVERY);
	ksft_test_result(with.rax < HCX_ABI_VERSION || with.rax > HCX_ABI_VERSION_LAST,
			 "%s: discovery's answer is none: %#lx\n", what, with.rax);
}

/* Before KVM had the capability, any guest could say that it is a Hyper-V one. */
static void become_hyperv_cpuid(struct guest *guest)
{
	if (kvm_has_cap(KVM_CAP_SYS_HYPERV_CPUID))
		vcpu_set_hv_cpuid(guest->vcpu);
}

static void become_hyperv(struct guest *guest)
{
	become_hyperv_cpuid(guest);
	vcpu_set_msr(guest->vcpu, HV_X64_MSR_GUEST_OS_ID, 1);
}

static void test_hyperv(void)
{
	must_control("register other %#x 0 value 0x35", NR);
	expect(call_as(become_hyperv_cpuid, 0, NR).rax, 0x35, "Hyper-V CPUID, but no Hyper-V guest");
	must_control("unregister other");

	expect_untouched(become_hyperv, 0, "Hyper-V");
}

static void become_xen(struct guest *guest)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
		.msr = 0x40000200,
	};

	vm_ioctl(guest->vm, KVM_XEN_HVM_CONFIG, &config);
}

static void test_xen(int ring)
{
	char what[32];
	int i;

	snprintf(what, sizeof(what), "Xen, ring %d", ring);
	if (kvm_check_cap(KVM_CAP_XEN_HVM) & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL)
		expect_untouched(become_xen, ring, what);
	else
		for (i = 0; i < 4; i++)
			ksft_test_result_skip("%s: this KVM has no Xen support\n", what);
}

static bool set_xen_version(struct guest *guest)
{
	struct kvm_xen_hvm_attr attr = { .type = XEN_VERSION_ATTR };

	attr.u.pad[0] = (uint32_t)-KVM_ENOSYS;

	return !ioctl(guest->vm->fd, KVM_XEN_HVM_SET_ATTR, &attr);
}

static void become_xen_of_version(struct guest *guest)
{
	become_xen(guest);
	TEST_ASSERT(set_xen_version(guest), "Xen's version: %s", strerror(errno));
}

static bool has_xen_version(void)
{
	struct guest guest;
	bool has;

	guest_create(&guest, GUEST_LONG, 0);
	has = set_xen_version(&guest);
	guest_free(&guest);

	return has;
}

/* Which is any number, and so what KVM answers where it leaves a call to us. */
static void test_xen_version(void)
{
	int i;

	if (has_xen_version())
		expect_same(become_xen_of_version, 0, XEN_VERSION_NR, "Xen's version");
	else
		for (i = 0; i < 3; i++)
			ksft_test_result_skip("this KVM does not answer for Xen's version\n");
}

int main(void)
{
	require_hcx(1 + 4 + 4 + 4 + 3);
	test_hyperv();
	test_xen(0);
	test_xen(3);
	test_xen_version();
	ksft_finished();
}
