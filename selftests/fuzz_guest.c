// SPDX-License-Identifier: GPL-2.0
#include "fuzz_guest.h"

const struct caller_kind caller_kinds[CALLER_KINDS] = {
	{ GUEST_REAL, 0 }, { GUEST_PROTECTED, 0 }, { GUEST_PROTECTED, 3 },
	{ GUEST_COMPATIBILITY, 0 }, { GUEST_COMPATIBILITY, 3 },
	[LONG_RING_0] = { GUEST_LONG, 0 }, { GUEST_LONG, 3 },
};

bool is_long(const struct caller_kind *caller)
{
	return caller->mode == GUEST_LONG;
}

uint64_t cut(const struct caller_kind *caller, uint64_t value)
{
	return is_long(caller) ? value : (uint32_t)value;
}

uint64_t arg_of(const struct caller_kind *caller, const struct kvm_regs *regs, unsigned int n)
{
	const uint64_t args[] = { regs->rbx, regs->rcx, regs->rdx, regs->rsi };

	return cut(caller, args[n]);
}

void fill_registers(struct kvm_regs *regs)
{
	__u64 *const any[] = {
		&regs->rbx, &regs->rcx, &regs->rdx, &regs->rsi, &regs->rdi, &regs->rbp,
		&regs->r8, &regs->r9, &regs->r10, &regs->r11, &regs->r12, &regs->r13,
		&regs->r14, &regs->r15,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(any); i++)
		*any[i] = some_word();
}
