// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "cost.h"
#include "hcx_util.h"
#include "processor.h"

#define ROUNDS		31
#define TRIES		200
#define CYCLE_ROUNDS	201

/* A guest tells by a read from a port, which is another than that which the VMM serves. */
static bool round_ended(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_IO && run->io.port != COST_PORT;
}

/* In the least way that a VMM can. */
static void serve_guest(struct kvm_run *run)
{
	if (run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_IN)
		*((uint8_t *)run + run->io.data_offset) = 0;
}

/* Serves the guest to the end of its round. */
static uint64_t next_round(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct ucall uc;

	for (;;) {
		TEST_ASSERT(!__vcpu_run(vcpu), "KVM_RUN: %s", strerror(errno));
		TEST_ASSERT(run->exit_reason == KVM_EXIT_IO ||
			    run->exit_reason == KVM_EXIT_HYPERCALL,
			    "exit %u (%s)", run->exit_reason, exit_reason_str(run->exit_reason));
		if (round_ended(run))
			break;
		serve_guest(run);
	}
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "the guest did not reach GUEST_SYNC");

	return uc.args[1];
}

static uint64_t per_call(uint64_t round, int calls)
{
	return (round + calls / 2) / calls;
}

/* Of the rounds, that which no interrupt has lengthened. */
static uint64_t least_round(struct kvm_vcpu *vcpu, int calls)
{
	uint64_t least = UINT64_MAX, round;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		round = next_round(vcpu);
		if (round < least)
			least = round;
	}

	return per_call(least, calls);
}

/*
 * The least of the rounds, once no less has come for a while: kernels are slower just after boot,
 * and where threads take turns it varies.
 */
static uint64_t settled_cost(struct kvm_vcpu *vcpu, int calls)
{
	uint64_t cost = UINT64_MAX, next;
	int same = 0, i;

	for (i = 0; i < TRIES && same < 5; i++) {
		next = least_round(vcpu, calls);
		same = next < cost ? 0 : same + 1;
		if (next < cost)
			cost = next;
	}
	TEST_ASSERT(same == 5, "the cost does not settle: %lu", cost);

	return cost;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

static void print_cycles(struct kvm_vcpu *vcpu, int calls)
{
	uint64_t rounds[CYCLE_ROUNDS];
	int i, cut = CYCLE_ROUNDS / 20;

	pin_to(0);
	least_round(vcpu, calls);	/* to warm up */
	for (i = 0; i < CYCLE_ROUNDS; i++)
		rounds[i] = per_call(next_round(vcpu), calls);
	qsort(rounds, CYCLE_ROUNDS, sizeof(*rounds), by_value);
	printf("%lu %lu %lu\n", rounds[CYCLE_ROUNDS / 2], rounds[cut],
	       rounds[CYCLE_ROUNDS - 1 - cut]);
}

void print_cost(struct kvm_vcpu *vcpu, int calls)
{
	if (getenv("CYCLES"))
		print_cycles(vcpu, calls);
	else
		printf("%lu\n", settled_cost(vcpu, calls));
}
