// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers come, go and are replaced while four vCPUs call. A replaced handler
 * loses no call: each is answered by the old one or the new one.
 */
#include <pthread.h>

#include "hcx_util.h"
#include "kvm_util.h"
#include "processor.h"

#define VCPUS		4
#define REPLACED_NR	0x30
#define COMING_NR	0x31
#define CHANGES		60

/* What the guests have seen; written by them, one line a vCPU. */
static struct seen {
	uint64_t calls;
	uint64_t wrong;
	uint64_t wrong_value;
	uint64_t coming_answered;
	uint64_t coming_unknown;
} __attribute__((aligned(64))) seen[VCPUS];

/* The values that a handler of REPLACED_NR may answer with now, from old to new. */
static struct {
	uint64_t low, high;
} valid = { 1, 1 };

static uint64_t stop;

/* What the host writes while the guest runs. */
static uint64_t now(const uint64_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_SEQ_CST);
}

static void note_wrong(struct seen *mine, uint64_t value)
{
	mine->wrong++;
	mine->wrong_value = value;
}

/* What was valid when the call began or ended is read before and after it. */
static void call_replaced(struct seen *mine)
{
	uint64_t low = now(&valid.low), value = kvm_hypercall(REPLACED_NR, 0, 0, 0, 0);

	mine->calls++;
	if (value < low || value > now(&valid.high))
		note_wrong(mine, value);
}

static void call_coming(struct seen *mine)
{
	uint64_t value = kvm_hypercall(COMING_NR, 0, 0, 0, 0);

	if (value == 0x77)
		mine->coming_answered++;
	else if (value == ERR64(KVM_ENOSYS))
		mine->coming_unknown++;
	else
		note_wrong(mine, value);
}

static void guest_main(uint64_t id)
{
	while (!now(&stop)) {
		call_replaced(&seen[id]);
		call_coming(&seen[id]);
	}
	GUEST_DONE();
}

static void *run_vcpu(void *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_DONE, "a guest ended early");

	return NULL;
}

static uint64_t unknown_calls(struct kvm_vm *vm)
{
	uint64_t unknown = 0;
	int i;

	sync_global_from_guest(vm, seen);
	for (i = 0; i < VCPUS; i++)
		unknown += seen[i].coming_unknown;

	return unknown;
}

/* The guests see the handler each time that it is there, and each time that it is not. */
static void come_and_go(struct kvm_vm *vm)
{
	uint64_t unknown;

	must_control("register coming %#x 0 value 0x77", COMING_NR);
	while (!calls_of("coming"))
		sched_yield();
	must_control("unregister coming");

	unknown = unknown_calls(vm);
	while (unknown_calls(vm) == unknown)
		sched_yield();
}

/* Each change is known to the guests before it begins and after it ends. */
static void change_handlers(struct kvm_vm *vm)
{
	uint64_t i;

	for (i = 2; i < CHANGES + 2; i++) {
		valid.high = i;
		sync_global_to_guest(vm, valid.high);
		must_control("replace r%lu r%lu %#x 0 value %lu", i - 1, i, REPLACED_NR, i);
		valid.low = i;
		sync_global_to_guest(vm, valid.low);
		come_and_go(vm);
	}
}

int main(void)
{
	uint64_t calls = 0, wrong = 0, answered = 0;
	struct kvm_vcpu *vcpus[VCPUS];
	pthread_t threads[VCPUS];
	struct kvm_vm *vm;
	int i;

	require_hcx(4);
	must_control("register r1 %#x 0 value 1", REPLACED_NR);

	vm = vm_create_with_vcpus(VCPUS, guest_main, vcpus);
	for (i = 0; i < VCPUS; i++) {
		vcpu_args_set(vcpus[i], 1, i);
		pthread_create(&threads[i], NULL, run_vcpu, vcpus[i]);
	}

	change_handlers(vm);
	stop = 1;
	sync_global_to_guest(vm, stop);

	for (i = 0; i < VCPUS; i++)
		pthread_join(threads[i], NULL);
	sync_global_from_guest(vm, seen);
	for (i = 0; i < VCPUS; i++) {
		calls += seen[i].calls;
		wrong += seen[i].wrong;
		answered += seen[i].coming_answered;
		if (seen[i].wrong)
			ksft_print_msg("vCPU %d: the last wrong answer was %#lx\n",
				       i, seen[i].wrong_value);
	}

	ksft_print_msg("%lu calls, %d replacements\n", calls, CHANGES);
	expect(wrong, 0, "no call was lost or answered wrongly");
	ksft_test_result(calls > 10 * CHANGES, "the guests called all the time\n");
	ksft_test_result(answered >= CHANGES, "the coming and going one was called each time\n");
	expect(calls_of("r61") > 0, 1, "the last replacement was called");

	must_control("unregister r%d", CHANGES + 1);
	kvm_vm_free(vm);
	ksft_finished();
}
