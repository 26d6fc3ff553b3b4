// SPDX-License-Identifier: GPL-2.0
/* "clock" answers with the host's clocks and the guest's TSC, of one moment. */
#include <time.h>

#include "guest.h"
#include "hcx_util.h"
#include <uapi/linux/hcx_clock.h>

/* Far from the host's, so that the one cannot pass for the other. */
#define GUEST_TSC	(1ULL << 60)

struct clocks {
	uint64_t realtime, monotonic, tsc, guest_tsc;
};

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static struct clocks read_clocks(struct guest *guest)
{
	return (struct clocks){
		.realtime = now(CLOCK_REALTIME),
		.monotonic = now(CLOCK_MONOTONIC),
		.tsc = rdtsc(),
		.guest_tsc = vcpu_get_msr(guest->vcpu, MSR_IA32_TSC),
	};
}

static void expect_between(uint64_t before, uint64_t value, uint64_t after, const char *what)
{
	if (value < before || value > after)
		ksft_print_msg("%lu is not from %lu to %lu\n", value, before, after);
	ksft_test_result(value >= before && value <= after, "%s\n", what);
}

static void test_clocks(uint64_t nr)
{
	struct clocks before, after;
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);
	vcpu_set_msr(guest.vcpu, MSR_IA32_TSC, GUEST_TSC);
	before = read_clocks(&guest);
	expect(guest_call0(&guest, nr), 0, "clock answers");
	after = read_clocks(&guest);
	expect_between(before.realtime, guest.regs.rbx, after.realtime, "RBX is CLOCK_REALTIME");
	expect_between(before.monotonic, guest.regs.rcx, after.monotonic, "RCX is CLOCK_MONOTONIC");
	expect_between(before.tsc, guest.regs.rdx, after.tsc, "RDX is the host's TSC");
	expect_between(before.guest_tsc, guest.regs.rsi, after.guest_tsc, "RSI is the guest's TSC");
	expect_between(GUEST_TSC, guest.regs.rsi, GUEST_TSC + (1ULL << 50), "and not the host's");
	guest_free(&guest);
}

static void test_32bit(uint64_t nr)
{
	struct guest guest;
	struct kvm_regs before;

	guest_create(&guest, GUEST_PROTECTED, 0);
	guest_prepare(&guest, nr, 1, 2, 3, 4);
	before = guest.regs;
	guest_enter(&guest);
	expect(guest.regs.rax, ERR32(KVM_EOPNOTSUPP), "a 32-bit caller gets an error");
	ksft_test_result(guest.regs.rbx == before.rbx && guest.regs.rcx == before.rcx &&
			 guest.regs.rdx == before.rdx && guest.regs.rsi == before.rsi,
			 "and no more\n");
	guest_free(&guest);
}

int main(void)
{
	struct guest guest;
	uint64_t nr;

	require_hcx(6 + 2);
	require_module("hcx_clock");
	guest_create(&guest, GUEST_LONG, 0);
	nr = guest_find(&guest, "clock");
	guest_free(&guest);
	test_clocks(nr);
	test_32bit(nr);
	ksft_finished();
}
