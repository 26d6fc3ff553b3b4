// SPDX-License-Identifier: GPL-2.0
/*
 * Prints how long 1, 2 and 4 vCPUs of one VM take for the same number of hypercalls
 * each, as "ROUND VCPUS NUMBER NANOSECONDS" lines. The arguments are numbers; each round has
 * all of them, so that whatever slows the machine slows all. Each vCPU's thread is
 * pinned, to the CPUs in turn. The first round is to warm up, and not printed.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "hcx_util.h"

#define VCPUS	4
#define CALLS	1000
#define ROUNDS	21

static struct kvm_vcpu *vcpus[VCPUS];
static pthread_barrier_t barrier;

/* What the guest calls; the VMM writes it before the vCPUs run. */
static uint64_t number;

static void guest_main(void)
{
	for (;;) {
		int i;

		for (i = 0; i < CALLS; i++)
			kvm_hypercall(READ_ONCE(number), 0, 0, 0, 0);
		GUEST_SYNC(0);
	}
}

static void *run_vcpu(void *index)
{
	long i = (long)index;

	pin_to(i % sysconf(_SC_NPROCESSORS_ONLN));
	pthread_barrier_wait(&barrier);
	next_value(vcpus[i]);

	return NULL;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* From the moment when all threads are there to that when all guests are done. */
static uint64_t duration(struct kvm_vm *vm, long count, uint64_t nr)
{
	pthread_t threads[VCPUS];
	uint64_t start;
	long i;

	number = nr;
	sync_global_to_guest(vm, number);
	pthread_barrier_init(&barrier, NULL, count + 1);
	for (i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, run_vcpu, (void *)i);
	pthread_barrier_wait(&barrier);
	start = now();
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);

	return now() - start;
}

int main(int argc, char *argv[])
{
	struct kvm_vm *vm = vm_create_with_vcpus(VCPUS, guest_main, vcpus);
	int round, count, i;

	for (round = 0; round <= ROUNDS; round++)
		for (count = 1; count <= VCPUS; count *= 2)
			for (i = 1; i < argc; i++) {
				uint64_t ns = duration(vm, count, strtoull(argv[i], NULL, 0));

				if (round)
					printf("%d %d %s %lu\n", round, count, argv[i], ns);
			}

	kvm_vm_free(vm);
	return 0;
}
