// SPDX-License-Identifier: GPL-2.0
/* A debugger that steps over a hypercall, or stops behind it, finds the result. */
#include "guest.h"
#include "hcx_util.h"

#define INT3	0xcc
#define NOP	0x90

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
	expect(guest->vcpu->run->debug.arch.pc, GUEST_CODE + INSN_SIZE,
	       "%s: behind the call", what);
	expect(guest->regs.rip, GUEST_CODE + INSN_SIZE, "%s: with the RIP there", what);
	expect(guest->regs.rax, rax, "%s: with the result", what);
}

/* How many calls of the handler to expect. */
static long calls;

static void test_stops(struct guest *guest, struct kvm_guest_debug *debug, const char *what)
{
	char unknown[64];

	calls++;
	enter_debugged(guest, debug, 0x20);
	expect_stop(guest, 7, what);
	snprintf(unknown, sizeof(unknown), "%s, unknown number", what);
	enter_debugged(guest, debug, 0x21);
	expect_stop(guest, ERR64(KVM_ENOSYS), unknown);
}

static void skip_stops(const char *why)
{
	int i;

	for (i = 0; i < 8; i++)
		ksft_test_result_skip("%s\n", why);
}

/* Whether a guest of this one-byte instruction stops at @rip under the debugger. */
static bool stops_at(struct kvm_guest_debug *debug, uint8_t insn, uint64_t rip)
{
	struct guest guest;
	bool stops;

	guest_create(&guest, GUEST_LONG, 0);
	*guest_insn(&guest) = insn;
	enter_debugged(&guest, debug, 0);
	stops = guest.vcpu->run->exit_reason == KVM_EXIT_DEBUG && guest.regs.rip == rip;
	guest_free(&guest);

	return stops;
}

/* Bochs stops before the instruction at which a guest is entered with TF set, for ever. */
static void test_step(struct guest *guest, struct kvm_guest_debug *debug)
{
	if (stops_at(debug, NOP, GUEST_CODE + 1))
		test_stops(guest, debug, "single-step");
	else
		skip_stops("this CPU does not step over the instruction that it is entered at");
}

/* QEMU's TCG runs INT3 without looking whether the hypervisor intercepts it. */
static void test_breakpoint(struct guest *guest, struct kvm_guest_debug *debug)
{
	uint8_t *behind = guest_insn(guest) + INSN_SIZE, code = *behind;

	if (!stops_at(debug, INT3, GUEST_CODE)) {
		skip_stops("this CPU does not intercept INT3");
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

	test_step(&guest, &step);
	test_breakpoint(&guest, &breakpoint);
	vcpu_guest_debug_set(guest.vcpu, &off);
	expect(guest_call0(&guest, 0x20), 7, "runs on when the debugger is gone");
	expect(calls_of("debug"), calls + 1, "one call for each");

	guest_free(&guest);
	must_control("unregister debug");
	ksft_finished();
}
