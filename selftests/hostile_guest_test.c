// SPDX-License-Identifier: GPL-2.0
/*
 * A guest whose vCPUs all call what programs answer, what its VMM does, what rules deny and
 * what there is not, with any registers, while rules change: each call has the answer that it
 * must, and so has another VM's with a program of its own.
 */
#include <sys/eventfd.h>

#include "session.h"

#define SERVED		0x90	/* by a program: the first argument, inverted */
#define BELL		0x91
#define FORWARDED	0x92	/* to 0x93, of which one has a handler: number plus argument */
#define DENIED		0x94
#define TOGGLED		0x95	/* answers 7, or is denied */
#define UNKNOWN		0x96

#define VCPUS		4
#define CALLS		2000
#define OTHERS_CALLS	300
#define ENOSYS_RAX	ERR64(KVM_ENOSYS)

static bool is_right(uint64_t nr, uint64_t arg, uint64_t rax)
{
	switch (nr) {
	case SERVED:
		return rax == ~arg;
	case BELL:
		return !rax;
	case FORWARDED:
	case FORWARDED + 1:
		return rax == nr + arg;
	case TOGGLED:
		return rax == 7 || rax == ENOSYS_RAX;
	default:
		return rax == ENOSYS_RAX;
	}
}

static void guest_main(uint64_t seed)
{
	uint64_t random = seed, nr, arg, wrong = 0;
	int i;

	for (i = 0; i < CALLS; i++) {
		nr = SERVED + next_random(&random) % (UNKNOWN + 1 - SERVED);
		arg = next_random(&random);
		wrong += !is_right(nr, arg, kvm_hypercall(nr, arg, next_random(&random),
							  next_random(&random), seed));
	}
	GUEST_SYNC(wrong);
}

/* Runs a vCPU to its GUEST_SYNC(), and answers what is forwarded. */
static void *run(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	struct ucall uc;

	for (;;) {
		vcpu_run(vcpu);
		if (vcpu->run->exit_reason == KVM_EXIT_HYPERCALL) {
			vcpu->run->hypercall.ret = vcpu->run->hypercall.nr +
						   vcpu->run->hypercall.args[0];
			continue;
		}
		TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "exit %u", vcpu->run->exit_reason);
		return (void *)uc.args[1];
	}
}

/* Until its descriptor's VM is gone. */
static void *invert(void *arg)
{
	struct hcx_host_request request;
	int session = *(int *)arg;

	while (read(session, &request, sizeof(request)) == sizeof(request))
		must(respond(session, request.id, ~request.args[0]));

	return NULL;
}

static void set(int session, uint32_t verb, uint32_t nr, uint32_t subject)
{
	const struct hcx_host_rule wanted = {
		.verb = verb, .first = nr, .last = nr, .subject = subject,
	};

	must(rule(session, &wanted));
}

static int set_up(struct kvm_vm *vm)
{
	int session = open_session(vm), bell = eventfd(0, EFD_CLOEXEC);

	must(serve(session, SERVED, "served", 0, 15000));
	must(doorbell(session, BELL, "bell", 0, 0, bell));
	set(session, HCX_HOST_FORWARD, FORWARDED, 0);
	set(session, HCX_HOST_FORWARD, FORWARDED + 1, 0);
	set(session, HCX_HOST_DENY, DENIED, 0);

	return session;
}

/* Another VM, and rules that change, meanwhile. */
static int call_others(struct guest *guest, int all)
{
	int i, wrong = 0;

	for (i = 0; i < OTHERS_CALLS; i++) {
		wrong += guest_call(guest, SERVED, i, 0, 0, 0) != ~(uint64_t)i;
		set(all, i % 2 ? HCX_HOST_HANDLE : HCX_HOST_DENY, TOGGLED, HCX_HOST_OF_EVERYONE);
		wrong += guest_call0(guest, TOGGLED) != (i % 2 ? 7 : ENOSYS_RAX);
	}

	return wrong;
}

int main(void)
{
	int session, others_session, all, log, i;
	struct kvm_vcpu *vcpus[VCPUS];
	pthread_t runners[VCPUS], server, others_server;
	uint64_t wrong = 0;
	struct guest other;
	struct kvm_vm *vm;
	void *result;

	require_hcx(3);
	must_control("register fw %#x 0 value 1", FORWARDED);
	must_control("register denied %#x 0 value 2", DENIED);
	must_control("register toggled %#x 0 value 7", TOGGLED);
	all = open_administrator();
	guest_create(&other, GUEST_LONG, 0);
	others_session = open_session(other.vm);
	must(serve(others_session, SERVED, "served", 0, 15000));
	pthread_create(&others_server, NULL, invert, &others_session);
	vm = vm_create_with_vcpus(VCPUS, guest_main, vcpus);
	session = set_up(vm);
	log = log_mark();
	pthread_create(&server, NULL, invert, &session);

	for (i = 0; i < VCPUS; i++) {
		vcpu_args_set(vcpus[i], 1, (uint64_t)i + 1);
		pthread_create(&runners[i], NULL, run, vcpus[i]);
	}
	expect(call_others(&other, all), 0, "another VM is answered by its own program and rules");
	for (i = 0; i < VCPUS; i++) {
		pthread_join(runners[i], &result);
		wrong += (uintptr_t)result;
	}
	expect(wrong, 0, "%d calls have the answers that they must", VCPUS * CALLS);
	expect(log_lines(log, "hcx"), 0, "and none leaves a line in the kernel log");

	kvm_vm_free(vm);
	guest_free(&other);
	pthread_join(server, NULL);
	pthread_join(others_server, NULL);
	must_control("unregister fw");
	must_control("unregister denied");
	must_control("unregister toggled");
	ksft_finished();
}
