/* SPDX-License-Identifier: GPL-2.0 */
/* What a call costs, in ticks of the guest's TSC. */
#ifndef SELFTEST_HCX_COST_H
#define SELFTEST_HCX_COST_H

#include "kvm_util.h"

/* The port by which a guest calls its VMM, which takes what it writes there, and has it read 0. */
#define COST_PORT	0x80

/*
 * Prints what a call costs. The guest makes rounds of @calls, so few that some rounds see
 * no tick of the host's timer, and tells each round's ticks by GUEST_SYNC(). Printed are the
 * instructions, where the host counts. With CYCLES in the environment, the median
 * and the spread: "MEDIAN LEAST MOST", of all rounds but the twentieth part at each end.
 */
void print_cost(struct kvm_vcpu *vcpu, int calls);

#endif /* SELFTEST_HCX_COST_H */
