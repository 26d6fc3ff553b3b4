// SPDX-License-Identifier: GPL-2.0
/* Ring 3 may call what was registered for it, and nothing else. */
#include "guest.h"
#include "hcx_util.h"

static void test_ring3(enum guest_mode mode, const char *name, uint64_t eperm, uint64_t enosys,
		       int caller)
{
	struct guest guest;

	guest_create(&guest, mode, 3);
	expect(guest_call0(&guest, 0x20), eperm, "%s: ring 3, closed to it", name);
	expect(guest_call0(&guest, 0x21), caller, "%s: ring 3, open to it", name);
	expect(guest_call0(&guest, 0x22), eperm, "%s: ring 3, not registered", name);
	expect(guest_call0(&guest, KVM_HC_VAPIC_POLL_IRQ), eperm, "%s: ring 3, KVM's own", name);
	expect(guest_call0(&guest, 0x23), enosys, "%s: ring 3, RAX while the handler runs", name);
	guest_free(&guest);
}

static void test_ring0(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);
	expect(guest_call0(&guest, 0x20), 1, "ring 0, closed to ring 3");
	expect(guest_call0(&guest, 0x21), 1, "ring 0, open to ring 3");
	expect(guest_call0(&guest, 0x23), ERR64(KVM_ENOSYS),
	       "ring 0, RAX while the handler runs");
	guest_free(&guest);
}

int main(void)
{
	struct counted counted;

	require_hcx(3 * 5 + 3 + 3 + 1);
	must_control("register closed 0x20 0 caller 0");
	must_control("register open 0x21 %d caller 0", HCX_RING3);
	must_control("register rax 0x23 %d rax 0", HCX_RING3);

	test_ring3(GUEST_LONG, "long", ERR64(KVM_EPERM), ERR64(KVM_ENOSYS), 3);
	test_ring3(GUEST_COMPATIBILITY, "compatibility", ERR32(KVM_EPERM), ERR32(KVM_ENOSYS), 2);
	test_ring3(GUEST_PROTECTED, "protected", ERR32(KVM_EPERM), ERR32(KVM_ENOSYS), 2);
	expect(calls_of("closed"), 0, "the closed handler was never called from ring 3");
	counted_of("closed", &counted);
	expect(counted.denied, 3, "each such call is counted as denied");
	counted_of("open", &counted);
	expect(counted.denied, 0, "and none to the open one");
	test_ring0();
	expect(calls_of("open"), 4, "the open one was called each time");

	must_control("unregister closed");
	must_control("unregister open");
	must_control("unregister rax");
	ksft_finished();
}
