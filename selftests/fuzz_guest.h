/* SPDX-License-Identifier: GPL-2.0 */
/* Guests' calls at random: who calls, and with which registers. */
#ifndef SELFTEST_HCX_FUZZ_GUEST_H
#define SELFTEST_HCX_FUZZ_GUEST_H

#include "fuzz.h"
#include "guest.h"

#define CALLER_KINDS 7

/* The kind that can find a handler by its name, and pass all bits. */
#define LONG_RING_0 5

struct caller_kind {
	enum guest_mode mode;
	int ring;
};

/* In real mode the first. */
extern const struct caller_kind caller_kinds[CALLER_KINDS];

bool is_long(const struct caller_kind *caller);

/* What of a register the caller passes, and receives. */
uint64_t cut(const struct caller_kind *caller, uint64_t value);

/* Of a call; 0 to 3. */
uint64_t arg_of(const struct caller_kind *caller, const struct kvm_regs *regs, unsigned int n);

/* Not RAX, RSP, RIP and the flags. */
void fill_registers(struct kvm_regs *regs);

#endif /* SELFTEST_HCX_FUZZ_GUEST_H */
