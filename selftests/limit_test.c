// SPDX-License-Identifier: GPL-2.0
/* How often a VM may call a number: a bucket of tokens, which its vCPUs share. */
#include "session.h"

#define NR	0x70
#define ANSWER	0xa25
#define BURST	5

static void guest_main(void)
{
	for (;;)
		GUEST_SYNC(kvm_hypercall(NR, 0, 0, 0, 0));
}

static struct hcx_host_rule limit(uint32_t rate, uint32_t burst)
{
	return (struct hcx_host_rule){
		.verb = HCX_HOST_HANDLE, .first = NR, .last = NR, .rate = rate, .burst = burst,
	};
}

/* How many calls of a vCPU are answered before the first that is refused. */
static int answered(struct kvm_vcpu *vcpu)
{
	uint64_t rax;
	int calls;

	for (calls = 0; (rax = next_value(vcpu)) == ANSWER; calls++)
		;
	TEST_ASSERT(rax == ERR64(HCX_EAGAIN), "RAX is %#lx", rax);

	return calls;
}

static uint64_t one_of_another_vm(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_vcpus(1, guest_main, &vcpu);
	uint64_t rax = next_value(vcpu);

	kvm_vm_free(vm);
	return rax;
}

/* The administrator's, for a VM that runs. Two calls are refused. */
static void test_bucket(struct kvm_vcpu *vcpus[2])
{
	struct hcx_host_rule rule_of_all = limit(1, BURST);
	struct counted before, after;
	struct timespec start;
	int all = open_administrator(), first, both;

	rule_of_all.subject = HCX_HOST_OF_EVERYONE;
	must(rule(all, &rule_of_all));
	counted_of("limited", &before);
	clock_gettime(CLOCK_MONOTONIC, &start);
	first = answered(vcpus[0]);
	both = first + answered(vcpus[1]);
	counted_of("limited", &after);
	expect(first >= BURST, 1, "a burst is answered");
	expect(both <= BURST + seconds_since(&start), 1, "and one in a second, of two vCPUs together");
	expect(after.denied - before.denied, 2, "what is refused is counted");
	expect(one_of_another_vm(), ANSWER, "another VM has tokens of its own");
	rule_of_all.rate = HCX_HOST_RATE_MAX;
	must(rule(all, &rule_of_all));
	usleep(1000);
	expect(next_value(vcpus[0]), ANSWER, "a limit that is raised counts at once");
	close(all);
	expect(next_value(vcpus[0]), ANSWER, "without the rule there is no limit");
}

/* The rate of one and the burst of the other, if these are lower. */
static void test_both(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	struct hcx_host_rule theirs = limit(2, 1), own = limit(1, 1000);
	int all = open_administrator(), session = open_session(vm);
	struct timespec start;

	theirs.subject = HCX_HOST_OF_EVERYONE;
	must(rule(all, &theirs));
	must(rule(session, &own));
	clock_gettime(CLOCK_MONOTONIC, &start);
	expect(answered(vcpu) <= 1 + seconds_since(&start), 1, "a VM's own rule does not lift another's burst");
	close(all);
	close(session);
}

/* A VM's own, which can be lowered while it runs. */
static void test_own(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	struct hcx_host_rule slow = limit(1, 1), fast = limit(2, 1), long_burst = limit(1, 2);
	struct hcx_host_rule none = limit(0, 0);
	int session = open_session(vm);

	expect(rule(session, &slow), 0, "a VMM limits its own VM");
	answered(vcpu);
	expect(rule(session, &fast), EBUSY, "but not to more");
	expect(rule(session, &long_burst), EBUSY, "nor longer");
	expect(rule(session, &none), EBUSY, "nor not at all");
	close(session);
	answered(vcpu);
	ksft_test_result_pass("nor by closing the descriptor\n");
}

int main(void)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm;

	require_hcx(6 + 5 + 1);
	must_control("register limited %#x 0 value %#x", NR, ANSWER);
	vm = vm_create_with_vcpus(2, guest_main, vcpus);
	next_value(vcpus[0]);
	next_value(vcpus[1]);

	test_bucket(vcpus);
	test_own(vm, vcpus[0]);
	kvm_vm_free(vm);

	vm = vm_create_with_vcpus(1, guest_main, vcpus);
	test_both(vm, vcpus[0]);
	kvm_vm_free(vm);
	must_control("unregister limited");
	ksft_finished();
}
