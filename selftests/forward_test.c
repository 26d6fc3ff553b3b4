// SPDX-License-Identifier: GPL-2.0
/* Calls that a VMM asked for and answers itself, by KVM_EXIT_HYPERCALL. */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "session.h"

#define NR		0x60	/* that a handler has; there is none for those above */
#define LAST		0x6f
#define ANSWER		0x1122334455667788

/* A guest whose calls to these numbers are forwarded, and the descriptor that had it done. */
static struct guest guest;
static int session;

static void forwarding(enum guest_mode mode, int ring)
{
	const struct hcx_host_rule forward = {
		.verb = HCX_HOST_FORWARD, .first = NR, .last = LAST,
	};

	guest_create(&guest, mode, ring);
	session = open_session(guest.vm);
	must(rule(session, &forward));
}

static void done(void)
{
	close(session);
	guest_free(&guest);
}

static void call(uint64_t nr)
{
	guest_prepare(&guest, nr, 0xb000000000000001, 0xc2, 0xd3, 0x54);
	guest_enter(&guest);
}

static int exit_reason(void)
{
	return guest.vcpu->run->exit_reason;
}

/* KVM_RUN, without a change to the registers. */
static uint64_t go_on(void)
{
	vcpu_run(guest.vcpu);
	vcpu_regs_get(guest.vcpu, &guest.regs);
	return guest.regs.rax;
}

static uint64_t answer(uint64_t ret)
{
	guest.vcpu->run->hypercall.ret = ret;
	return go_on();
}

/* Its second half, flags later, KVM_EXIT_HYPERCALL_LONG_MODE being 1. */
static uint32_t long_mode(void)
{
	uint32_t flags;

	memcpy(&flags, &guest.vcpu->run->hypercall.ret + 1, sizeof(flags));
	return flags;
}

static uint64_t flags_of(uint64_t nr)
{
	return guest_call(&guest, HCX_NR_DISCOVERY, HCX_DISCOVER_NUMBER, nr, 0, 0);
}

static void test_exit(void)
{
	struct kvm_run *run;

	forwarding(GUEST_LONG, 0);
	run = guest.vcpu->run;
	call(NR + 1);
	expect(exit_reason(), KVM_EXIT_HYPERCALL, "KVM_RUN returns with the call");
	expect(run->hypercall.nr, NR + 1, "with its number");
	expect(run->hypercall.args[0], 0xb000000000000001, "RBX");
	expect(run->hypercall.args[1], 0xc2, "RCX");
	expect(run->hypercall.args[2], 0xd3, "RDX");
	expect(run->hypercall.args[3], 0x54, "RSI");
	expect(long_mode(), 1, "and the mode");
	expect(answer(ANSWER), ANSWER, "the guest has the VMM's answer");
	expect(exit_reason(), KVM_EXIT_IO, "and goes on");

	call(LAST);
	expect(run->hypercall.nr, LAST, "another number");
	expect(go_on(), ERR64(KVM_ENOSYS), "a VMM that sets no answer gives what KVM does");
	expect(guest_call0(&guest, LAST + 1), ERR64(KVM_ENOSYS), "numbers beside are not forwarded");
	expect(flags_of(LAST), 0, "the guest finds that a number is there");
	expect(flags_of(LAST | 1ULL << 32), ERR64(KVM_ENOSYS), "but not one of 64 bits");
	done();
}

static void test_handler(void)
{
	long calls = calls_of("forwarded-too");
	struct counted before, after;

	forwarding(GUEST_LONG, 0);
	counted_of("forwarded-too", &before);
	call(NR);
	expect(answer(ANSWER), ANSWER, "a handler's number is forwarded as well");
	expect(flags_of(NR), 0, "whose flags are not told");
	expect(guest_find(&guest, "forwarded-too"), ERR64(KVM_ENOSYS), "nor the number by its name");
	counted_of("forwarded-too", &after);
	expect(calls_of("forwarded-too"), calls, "and the handler not called");
	expect(after.calls - before.calls, 1, "the call is counted");
	expect(after.errors, before.errors, "as no error");
	done();
	guest_create(&guest, GUEST_LONG, 0);
	expect(guest_call0(&guest, NR), 7, "another VM calls the handler");
	expect(flags_of(NR), HCX_RING3, "and finds its flags");
	expect(guest_find(&guest, "forwarded-too"), NR, "and its number");
	guest_free(&guest);
}

/* The VM has called before it is asked for: its vCPU knows the handler. */
static void test_later(void)
{
	const struct hcx_host_rule forward = {
		.verb = HCX_HOST_FORWARD, .first = NR, .last = NR,
	};

	guest_create(&guest, GUEST_LONG, 0);
	expect(guest_call0(&guest, NR), 7, "first the handler");
	session = open_session(guest.vm);
	must(rule(session, &forward));
	call(NR);
	expect(answer(ANSWER), ANSWER, "then the VMM");
	close(session);
	expect(guest_call0(&guest, NR), ERR64(KVM_ENOSYS), "then nobody");
	guest_free(&guest);
}

static void test_modes(void)
{
	forwarding(GUEST_PROTECTED, 0);
	call(NR + 1);
	expect(long_mode(), 0, "a 32-bit guest");
	expect(guest.vcpu->run->hypercall.args[0], 1, "with 32-bit arguments");
	expect(answer(ANSWER), (uint32_t)ANSWER, "has 32 bits of the answer");
	done();
	forwarding(GUEST_LONG, 3);
	expect(guest_call0(&guest, NR + 1), ERR64(KVM_EPERM), "ring 3 is not forwarded");
	expect(guest_call0(&guest, NR), ERR64(KVM_EPERM), "whatever the handler is open to");
	expect(flags_of(NR), ERR64(KVM_EPERM), "nor does it find the number");
	done();
}

static void limit(uint32_t nr, uint32_t rate, uint32_t burst)
{
	const struct hcx_host_rule limited = {
		.verb = HCX_HOST_FORWARD, .first = nr, .last = nr, .rate = rate, .burst = burst,
	};

	must(rule(session, &limited));
}

/* Whether the VMM gets a call; it answers. The other way is that it is one too many. */
static bool is_forwarded(uint64_t nr)
{
	call(nr);
	if (exit_reason() == KVM_EXIT_HYPERCALL) {
		answer(ANSWER);
		return true;
	}
	TEST_ASSERT(guest.regs.rax == ERR64(HCX_EAGAIN), "RAX is %#llx", guest.regs.rax);

	return false;
}

/* Numbers that no handler has share their tokens, whatever rate each of them has. */
static void test_limits(void)
{
	const unsigned int burst = 20;
	unsigned int calls = 0, i;
	struct timespec start;

	forwarding(GUEST_LONG, 0);
	limit(NR + 1, 1, burst);
	limit(NR + 2, HCX_HOST_RATE_MAX, 1);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < 2; i++) {
		while (is_forwarded(NR + 1))
			calls++;
		is_forwarded(NR + 2);
	}
	expect(calls >= burst, 1, "as many calls are forwarded as a rule lets");
	expect(calls <= burst + seconds_since(&start), 1,
	       "and no more, though a call to a number of another rate comes between");
	done();
}

/* What a VMM does to the vCPU before it answers is not overwritten. */
static void test_reset(void)
{
	forwarding(GUEST_LONG, 0);
	call(NR + 1);
	guest.regs.rax = 0x5e7;
	vcpu_regs_set(guest.vcpu, &guest.regs);
	expect(answer(ANSWER), 0x5e7, "an answer to a vCPU that was reset is dropped");
	call(NR + 1);
	expect(answer(ANSWER), ANSWER, "the next call is answered");
	done();
}

static void test_step(void)
{
	struct kvm_guest_debug off = {}, step = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};

	forwarding(GUEST_LONG, 0);
	guest_prepare(&guest, NR + 1, 0, 0, 0, 0);
	vcpu_regs_set(guest.vcpu, &guest.regs);
	vcpu_guest_debug_set(guest.vcpu, &step);
	go_on();
	if (guest.regs.rip == GUEST_CODE) {
		ksft_test_result_skip("this CPU does not step over the instruction that it is entered at\n");
		ksft_test_result_skip("likewise\n");
		ksft_test_result_skip("likewise\n");
		done();
		return;
	}
	expect(exit_reason(), KVM_EXIT_DEBUG, "a single step comes first");
	vcpu_guest_debug_set(guest.vcpu, &off);
	go_on();
	expect(exit_reason(), KVM_EXIT_HYPERCALL, "then the call");
	expect(answer(ANSWER), ANSWER, "and its answer");
	done();
}

static void call_and_stop(void)
{
	forwarding(GUEST_LONG, 0);
	call(NR + 1);
	raise(SIGSTOP);
}

/* A VMM that is killed, and one that just ends its VM, leave nothing that keeps the core. */
static void test_killed(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		call_and_stop();
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	forwarding(GUEST_LONG, 0);
	call(NR + 1);
	done();
	ksft_test_result_pass("a VMM that is killed with a call to answer\n");
}

/* Waits in KVM_RUN for a start-up IPI that never comes, with its call to answer. */
static void *park(void *vcpu)
{
	struct kvm_mp_state parked = { .mp_state = KVM_MP_STATE_UNINITIALIZED };

	vcpu_mp_state_set(vcpu, &parked);
	__vcpu_run(vcpu);
	return NULL;
}

static void run_parked(int ready)
{
	const struct hcx_host_rule forward = {
		.verb = HCX_HOST_FORWARD, .first = NR, .last = LAST,
	};
	pthread_t thread;

	guest_create_vm(&guest);
	vm_create_irqchip(guest.vm);
	guest_add_vcpu(&guest, 0, GUEST_LONG, 0);
	session = open_session(guest.vm);
	must(rule(session, &forward));
	call(NR + 1);
	close(session);
	pthread_create(&thread, NULL, park, guest.vcpu);
	usleep(100000);
	TEST_ASSERT(write(ready, "", 1) == 1, "the pipe");
	pthread_join(thread, NULL);
	_exit(1);
}

/* A VMM that keeps its vCPU busy keeps nobody from unloading the core. */
static pid_t start_parked(void)
{
	int ready[2];
	pid_t pid;
	char byte;

	must(pipe(ready) ? errno : 0);
	fflush(stdout);
	pid = fork();
	if (!pid)
		run_parked(ready[1]);
	close(ready[1]);
	TEST_ASSERT(read(ready[0], &byte, 1) == 1, "no vCPU is parked");
	close(ready[0]);

	return pid;
}

static int unload(const char *module)
{
	return syscall(SYS_delete_module, module, 0) && errno != ENOENT ? errno : 0;
}

/* The last test: what it unloads it loads again. */
static void test_unload(void)
{
	static const char *const users[] = {
		"hcx_test", "hcx_echo", "hcx_sleep", "hcx_marker", "hcx_clock",
	};
	pid_t parked = start_parked();
	unsigned int i;

	forwarding(GUEST_LONG, 0);
	call(NR + 1);
	close(session);
	for (i = 0; i < ARRAY_SIZE(users); i++)
		must(unload(users[i]));
	expect(unload("kvm_hcx"), 0, "the core is unloaded under a call that waits for its answer");
	expect(kill(parked, SIGKILL), 0, "whatever its vCPU is in");
	waitpid(parked, NULL, 0);
	expect(answer(ANSWER), ERR64(KVM_ENOSYS), "which then comes to nothing");
	expect(guest_call0(&guest, NR + 1), ERR64(KVM_ENOSYS), "the guest goes on");
	guest_free(&guest);
	must(system("modprobe -a kvm_hcx hcx_test hcx_echo hcx_sleep hcx_marker hcx_clock"));
}

int main(void)
{
	require_hcx(14 + 9 + 3 + 6 + 2 + 2 + 3 + 1 + 4);
	must_control("register forwarded-too %#x %d value 7", NR, HCX_RING3);

	test_exit();
	test_handler();
	test_later();
	test_modes();
	test_limits();
	test_reset();
	test_step();
	test_killed();
	must_control("unregister forwarded-too");
	test_unload();

	ksft_finished();
}
