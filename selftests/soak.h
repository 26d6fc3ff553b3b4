/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the storm's processes and guests share: which answers each number may have now, and what
 * the guests have seen. Both of a VM's vCPUs find it at SOAK_SHARED.
 */
#ifndef SELFTEST_HCX_SOAK_H
#define SELFTEST_HCX_SOAK_H

#include "session.h"

#define SOAK_SHARED	0x40000000UL	/* guest physical and virtual */
#define SOAK_SHARED_SLOT 20
#define SOAK_HOT	0x50000000UL	/* memory that comes and goes */
#define SOAK_HOT_SLOT	21

#define SOAK_VCPUS	2
#define SOAK_VMS_MAX	1000	/* one after the other, two at a time */

/* The numbers: NR to NR + TURNS - 1 by hcx_test.ko, and one that each VMM serves in its VM. */
#define SOAK_NR		0xa0
#define SOAK_TURNS	6
#define SOAK_FILL	(SOAK_TURNS - 1)	/* writes to the caller's memory, and answers 0 */
#define SOAK_SERVED_NR	0xb0

#define SOAK_ABSENT	ERR64(KVM_ENOSYS)
#define SOAK_STATES	64

/*
 * The answers of a number, one state after the other: those from @done to @started are
 * possible. A call may have any that was possible between its beginning and its end.
 */
struct soak_turn {
	uint64_t started, done;
	uint64_t answer[SOAK_STATES];
};

/* By a vCPU. */
struct soak_seen {
	uint64_t calls, unchecked, wrong;
	uint64_t wrong_nr, wrong_rax;		/* the first of them */
	uint64_t last[SOAK_TURNS];		/* calls that had the last answer of all */
	uint64_t filled[64];			/* what SOAK_FILL writes to */
	uint64_t written;			/* what the VMM writes to, see HCX_HOST_MEMORY */
} __attribute__((aligned(64)));

struct soak_vm {
	struct soak_turn served;
	uint64_t has_session;
	struct soak_seen seen[SOAK_VCPUS];
};

struct soak_shared {
	struct soak_turn turns[SOAK_TURNS];
	uint64_t last_answer[SOAK_TURNS];	/* 0: not yet */
	uint64_t stop;
	uint64_t may_serve;			/* VMMs may open the device */
	struct soak_vm vms[SOAK_VMS_MAX];
} __attribute__((aligned(4096)));

static inline uint64_t soak_get(const uint64_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_SEQ_CST);
}

static inline void soak_set(uint64_t *shared, uint64_t value)
{
	__atomic_store_n(shared, value, __ATOMIC_SEQ_CST);
}

/* A change of a number's answer, from before it can be seen to when nothing else can. */
static inline void soak_begin(struct soak_turn *turn, uint64_t answer)
{
	soak_set(&turn->answer[(turn->started + 1) % SOAK_STATES], answer);
	soak_set(&turn->started, turn->started + 1);
}

static inline void soak_end(struct soak_turn *turn)
{
	soak_set(&turn->done, turn->started);
}

/* A VMM with the VM @vm, until it is told to stop, or killed. */
void soak_run_vmm(struct soak_shared *shared, int vm);

#endif /* SELFTEST_HCX_SOAK_H */
