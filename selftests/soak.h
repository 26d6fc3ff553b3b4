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
#define SOAK_HOT_GONE	0	/* its states, as answers are a number's */
#define SOAK_HOT_THERE	1

#define SOAK_VCPUS	2
#define SOAK_VMS	2	/* at a time */
#define SOAK_VMS_MAX	1000	/* one after the other */

/*
 * The numbers: some by hcx_test.ko, the last of which writes to the caller's memory and answers
 * 0; one by bpf/storm.bpf.c; and one that each VMM serves in its VM.
 */
enum {
	SOAK_FILL = 5,
	SOAK_BPF,
	SOAK_TURNS,
};

#define SOAK_NR		0xa0
#define SOAK_BPF_NR	0x72
#define SOAK_SERVED_NR	0xb0

static inline uint32_t soak_nr(int turn)
{
	return turn == SOAK_BPF ? SOAK_BPF_NR : SOAK_NR + turn;
}

#define SOAK_ABSENT	ERR64(KVM_ENOSYS)
#define SOAK_STATES	64
#define SOAK_WORDS	64

/*
 * The answers of a number in a VM, one state after the other: those from @done to @started are
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
	uint64_t filled[SOAK_WORDS];		/* what SOAK_FILL writes to */
	uint64_t written;			/* what the VMM writes to, see HCX_HOST_MEMORY */
	uint64_t hot_begun, hot_done;		/* to SOAK_HOT, where each call writes one more */
	uint64_t interrupted;			/* how often a signal ended KVM_RUN */
} __attribute__((aligned(64)));

struct soak_vm {
	struct soak_turn served, hot;
	uint64_t is_started;
	uint64_t has_session;
	uint64_t to_deny;			/* a number, until the VMM has done so */
	uint64_t logged;			/* writes that a dirty log had to have, and has */
	uint64_t tid[SOAK_VCPUS];
	struct soak_seen seen[SOAK_VCPUS];
};

struct soak_shared {
	struct soak_turn turns[SOAK_VMS][SOAK_TURNS];
	uint64_t is_last[SOAK_TURNS];		/* its handler, or the one to come */
	uint64_t stop;
	uint64_t may_serve;			/* VMMs may open the device */
	uint64_t may_read, is_reading;		/* the core's tables */
	uint64_t tables_read;			/* how often all of them */
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

/* begin() before anybody can see the new answer; end() when the old one is impossible. */
static inline void soak_begin(struct soak_turn *turn, uint64_t answer)
{
	soak_set(&turn->answer[(turn->started + 1) % SOAK_STATES], answer);
	soak_set(&turn->started, turn->started + 1);
}

static inline void soak_end(struct soak_turn *turn)
{
	soak_set(&turn->done, turn->started);
}

/* A VMM with the VM @id, which is the @vm'th now, until it is told to stop, or killed. */
void soak_run_vmm(struct soak_shared *shared, int vm, int id);

/* Reads the core's tables while it may, until it is told to stop. */
void soak_run_reader(struct soak_shared *shared);

/* For the storm's parts. */
unsigned int soak_below(unsigned int limit);
void soak_run(const char *command);

/* Whether there is such a file. */
bool soak_put(const char *path, const char *text);

/*
 * The rules: what they will be is decided here first, and so what becomes of calls, then the
 * answers that may be begin, and then the rule is set.
 */
bool soak_is_open(int turn, int vm, bool opt_in);
struct hcx_host_rule soak_plan_rule(int turn);
bool soak_plan_removal(int turn, struct hcx_host_rule *rule);
bool soak_plan_own_deny(int turn, int vm);
bool soak_has_own_rules(int vm);
/* They go: with the administrator's descriptor, with the core, with a VMM. */
void soak_forget_rules(void);
void soak_forget_own_rules(int vm);
void soak_forget_vmm(int vm);
void soak_new_vmm(int vm, pid_t pid);

#define SOAK_TRACING	"/sys/kernel/tracing/"

/* Each switches one on, or off, and says whether it did. */
bool soak_trace(void);
bool soak_probe(void);
bool soak_trace_functions(void);
bool soak_fentry(void);
void soak_tracers_off(void);

/*
 * A handler in BPF that adds @added to its answer; there are SOAK_BPF_OBJECTS for this, from 0.
 * None where make soak has not brought what attaches them.
 */
#define SOAK_BPF_OBJECTS 2
#define SOAK_HCX_BPF	"bpf/bin/hcx-bpf"
bool soak_has_bpf(void);
void soak_attach_bpf(bool replace, uint64_t added);
void soak_detach_bpf(void);

#endif /* SELFTEST_HCX_SOAK_H */
