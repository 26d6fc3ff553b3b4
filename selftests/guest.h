/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest of one hypercall instruction, in any mode and ring: the host sets
 * its registers, runs it, and reads them back.
 */
#ifndef SELFTEST_HCX_GUEST_H
#define SELFTEST_HCX_GUEST_H

#include "kvm_util.h"
#include "processor.h"

enum guest_mode {
	GUEST_REAL,
	GUEST_PROTECTED,
	GUEST_COMPATIBILITY,
	GUEST_LONG,
};

#define GUEST_CODE	0x1000
#define INSN_SIZE	3	/* of VMCALL and VMMCALL */

struct guest {
	struct kvm_vm *vm;
	struct kvm_vcpu *vcpu;
	struct kvm_regs regs;	/* to enter with, and as they were left */
};

extern const uint8_t insn_vmcall[INSN_SIZE], insn_vmmcall[INSN_SIZE];

/* The hypercall instruction of this machine's vendor. */
const uint8_t *native_insn(void);

void guest_create(struct guest *guest, enum guest_mode mode, int ring);

/* Its two steps, for what a test does between them. Of several vCPUs the last is the guest's. */
void guest_create_vm(struct guest *guest);
void guest_add_vcpu(struct guest *guest, uint32_t id, enum guest_mode mode, int ring);

void guest_free(struct guest *guest);

/* Where the guest's hypercall instruction is; it may be written. */
uint8_t *guest_insn(struct guest *guest);

/* Puts the call in guest->regs, garbage in every other register. */
void guest_prepare(struct guest *guest, uint64_t nr, uint64_t a0, uint64_t a1,
		   uint64_t a2, uint64_t a3);

/* Enters with guest->regs and returns with them as the guest left them. */
void guest_enter(struct guest *guest);

/* All three; returns RAX. */
uint64_t guest_call(struct guest *guest, uint64_t nr, uint64_t a0, uint64_t a1,
		    uint64_t a2, uint64_t a3);

/* The number that discovery tells a guest for a handler's name; or its error. */
uint64_t guest_find(struct guest *guest, const char *name);

static inline uint64_t guest_call0(struct guest *guest, uint64_t nr)
{
	return guest_call(guest, nr, 0, 0, 0, 0);
}

/* Runs a libkvm guest to its next GUEST_SYNC(), and returns what that tells. */
uint64_t next_value(struct kvm_vcpu *vcpu);

#endif /* SELFTEST_HCX_GUEST_H */
