/* SPDX-License-Identifier: GPL-2.0 */
/* What a call costs, in ticks of the guest's TSC. */
#ifndef SELFTEST_HCX_COST_H
#define SELFTEST_HCX_COST_H

#include "kvm_util.h"

/* So few in a round that some rounds see no tick of the host's timer. */
#define COST_CALLS	20

/*
 * Prints what a call costs of which the guest makes rounds of COST_CALLS, telling
 * each round's ticks by GUEST_SYNC(): the instructions, where the host counts. With
 * CYCLES in the environment, the median and the spread: "MEDIAN LEAST MOST", of all rounds
 * but the twentieth part at each end.
 */
void print_cost(struct kvm_vcpu *vcpu);

#endif /* SELFTEST_HCX_COST_H */
