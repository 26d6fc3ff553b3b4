// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that is migrated while the host writes to its memory, and does not notice.
 *
 * A thread on each vCPU lets the hypercall "fill" write to an area that the guest
 * itself only reads, block by block, with another number each time. Before each write
 * the block must still be what the last one made it. While nobody has "fill" the
 * threads go on reading and look for it.
 *
 * Meanwhile the main thread calls number FIXED from ring 3, with known values in all
 * other registers. The storm ends when somebody has the name "stop".
 */
#include <linux/hcx_guest.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "vcpus.h"

#define AREA		(2UL << 20)	/* One huge page: contiguous, and stays where it is. */
#define BLOCK		(3 * 4096 + 8)	/* Not as the pages are: neighbours share one. */
#define BLOCKS		(AREA / BLOCK)
#define WORDS		(BLOCK / sizeof(__u64))

#define FIXED		0x4b480000
#define ABSENT		-1000		/* -KVM_ENOSYS */
#define ABSENT_RING3	-1		/* -KVM_EPERM */

#define ABSENT_ROUNDS	20

struct area {
	__u64 *words;
	__u64 last[BLOCKS];
	__u64 calls, wrong;
};

static struct area areas[VCPUS];
static volatile int stop;

/* How many words of the block are not what the last write made them. */
static int check_block(int vcpu, int block)
{
	struct area *area = &areas[vcpu];
	__u64 *words = area->words + block * WORDS;
	int i, wrong = 0;

	for (i = 0; i < WORDS; i++)
		wrong += words[i] != area->last[block];
	if (wrong && !area->wrong)
		printf("storm: WRONG: vCPU %d, block %d: %d words are not %llu\n", vcpu, block,
		       wrong, area->last[block]);
	area->wrong += wrong;

	return wrong;
}

static int check_all(int vcpu)
{
	int block, wrong = 0;

	for (block = 0; block < BLOCKS; block++)
		wrong += check_block(vcpu, block);

	return wrong;
}

/* Until somebody has "fill". */
static __u32 find_fill(int vcpu)
{
	int rounds = 0;
	__u32 nr;

	while (!(nr = find("fill"))) {
		check_all(vcpu);
		if (++rounds == ABSENT_ROUNDS)
			printf("storm: vCPU %d: has gone on without fill\n", vcpu);
	}
	printf("storm: vCPU %d: fill is %#x\n", vcpu, nr);

	return nr;
}

static __s64 fill(int vcpu, __u32 nr, int block, __u64 number)
{
	struct hcx_dev_call c = {
		.nr = nr,
		.args = { 0, BLOCK, number },
		.buffer = (uintptr_t)(areas[vcpu].words + block * WORDS),
		.buffer_len = BLOCK,
		.flags = HCX_CALL_BUFFER_WRITE | HCX_CALL_RETRY,
	};

	return call(&c);
}

static void *write_all(void *argument)
{
	int vcpu = (intptr_t)argument, block;
	struct area *area = &areas[vcpu];
	__u32 nr = find_fill(vcpu);
	__s64 answer;

	for (block = 0; !stop; block = (block + 1) % BLOCKS) {
		check_block(vcpu, block);
		answer = fill(vcpu, nr, block, area->calls + 1);
		if (!answer) {
			area->last[block] = ++area->calls;
			continue;
		}
		printf("storm: vCPU %d: fill answers %lld\n", vcpu, answer);
		if (answer != ABSENT)
			break;
		nr = find_fill(vcpu);
	}
	return NULL;
}

/* storm.S */
long long registers_vmcall(__u64 *values, __u64 nr);
long long registers_vmmcall(__u64 *values, __u64 nr);

#define REGISTER_COUNT	13

/* How many registers the hypercall has changed; its answer is in @answer. */
static int changed_registers(const struct hcx_guest *guest, long long *answer)
{
	static __u64 seed;
	__u64 before[REGISTER_COUNT], after[REGISTER_COUNT];
	int i, changed = 0;

	for (i = 0; i < REGISTER_COUNT; i++)
		after[i] = before[i] = (0x9e3779b97f4a7c15 * ++seed) ^ i;
	*answer = guest->vmmcall ? registers_vmmcall(after, FIXED) : registers_vmcall(after, FIXED);
	for (i = 0; i < REGISTER_COUNT; i++)
		changed += before[i] != after[i];

	return changed;
}

/* Nanoseconds, by a clock that the guest reads from the TSC. */
static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void watch(void)
{
	long long answer, last_answer = ABSENT_RING3, last = now(), time;
	int changed = 0, backwards = 0, i;
	struct hcx_guest guest;

	hcx_guest_detect(&guest);
	while (!stop) {
		for (i = 0; i < 100; i++) {
			changed += changed_registers(&guest, &answer);
			if (answer != last_answer)
				printf("storm: ring 3: the fixed number answers %lld\n", answer);
			last_answer = answer;
		}
		time = now();
		backwards += time < last;
		last = time;
		stop = !!find("stop");
	}
	printf("storm: %d registers were changed\n", changed);
	printf("storm: the clock went backwards %d times\n", backwards);
}

static void make_area(struct area *area)
{
	area->words = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (area->words == MAP_FAILED) {
		perror("a huge page");
		exit(1);
	}
	/* The last time that the guest writes there. */
	memset(area->words, 0, AREA);
}

int main(void)
{
	pthread_t threads[VCPUS];
	int i;

	/* The host waits for lines, and the console is no terminal. */
	setlinebuf(stdout);
	open_dev();
	for (i = 0; i < VCPUS; i++)
		make_area(&areas[i]);
	for (i = 0; i < VCPUS; i++)
		threads[i] = start_on(i, write_all);
	watch();
	for (i = 0; i < VCPUS; i++) {
		pthread_join(threads[i], NULL);
		check_all(i);
		printf("storm: vCPU %d: %llu words were wrong\n", i, areas[i].wrong);
		printf("storm: vCPU %d: %llu writes\n", i, areas[i].calls);
	}
	return 0;
}
