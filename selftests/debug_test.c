// SPDX-License-Identifier: GPL-2.0
/* A debugger that steps over a hypercall, or stops behind it, finds the result. */
#include "guest.h"
#include "hcx_util.h"

#define INT3 0xcc

/* The debugger comes last: KVM steps from the RIP that it finds then. */
static void enter_debugged(struct guest *guest, struct kvm_guest_debug *debug, uint64_t nr)
{
	guest_prepare(guest, nr, 0, 0, 0, 0);
	vcpu_regs_set(guest->vcpu, &guest->regs);
	vcpu_guest_debug_set(guest->vcpu, debug);
	vcpu_run(guest->vcpu);
	vcpu_regs_get(guest->vcpu, &guest->regs);
}

static void expect_stop(struct guest *guest, uint64_t rax, const char *what)
{
	expect(guest->vcpu->run->exit_reason, KVM_EXIT_DEBUG, "%s: stops", what);
	expect(guest->vcpu->run->debug.arch.pc, GUEST_CODE + INSN_SIZE, "%s: behind the call", what);
	expect(guest->regs.rip, GUEST_CODE + INSN_SIZE, "%s: with the RIP there", what);
	expect(guest->regs.rax, rax, "%s: with the result", what);
}

static void test_stops(struct guest *guest, struct kvm_guest_debug *debug, const char *what)
{
	char unknown[64];

	enter_debugged(guest, debug, 0x20);
	expect_stop(guest, 7, what);
	snprintf(unknown, sizeof(unknown), "%s, unknown number", what);
	enter_debugged(guest, debug, 0x21);
	expect_stop(guest, ERR64(KVM_ENOSYS), unknown);
}

/* QEMU's TCG runs INT3 without looking whether the hypervisor intercepts it. */
static bool breakpoints_work(struct kvm_guest_debug *debug)
{
	struct guest guest;
	bool work;

	guest_create(&guest, GUEST_LONG, 0);
	*guest_insn(&guest) = INT3;
	enter_debugged(&guest, debug, 0);
	work = guest.vcpu->run->exit_reason == KVM_EXIT_DEBUG;
	guest_free(&guest);

	return work;
}

static void test_breakpoint(struct guest *guest, struct kvm_guest_debug *debug)
{
	uint8_t *behind = guest_insn(guest) + INSN_SIZE, code = *behind;
	int i;

	if (!breakpoints_work(debug)) {
		for (i = 0; i < 8; i++)
			ksft_test_result_skip("this CPU does not intercept INT3\n");
		return;
	}
	*behind = INT3;
	test_stops(guest, debug, "breakpoint");
	*behind = code;
}

int main(void)
{
	struct kvm_guest_debug off = {}, step = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	}, breakpoint = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP,
	};
	struct guest guest;

	require_hcx(8 + 8 + 2);
	must_control("register debug 0x20 0 value 7");
	guest_create(&guest, GUEST_LONG, 0);

	test_stops(&guest, &step, "single-step");
	test_breakpoint(&guest, &breakpoint);
	vcpu_guest_debug_set(guest.vcpu, &off);
	expect(guest_call0(&guest, 0x20), 7, "runs on when the debugger is gone");
	ksft_test_result(calls_of("debug") == 3 || (ksft_get_xskip_cnt() && calls_of("debug") == 2),
			 "one call for each\n");

	guest_free(&guest);
	must_control("unregister debug");
	ksft_finished();
}
