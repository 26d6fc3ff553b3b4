// SPDX-License-Identifier: GPL-2.0
/*
 * Calls bpf/probe.bpf.c, which is attached: what a handler in BPF may do, and that all that
 * holds for others holds for it. For host/bpf_test.
 */
#include <sys/eventfd.h>

#include "bpf/probe.h"
#include "session.h"

#define SLOT		1
#define SLOT_GPA	0x100000
#define SLOT_PAGES	4
#define ROM_GPA		0x200000
#define HOLE		0x40000000
#define BELL		0x71

static uint64_t ask(struct guest *guest, enum probe probe, uint64_t a1, uint64_t a2)
{
	return guest_call(guest, PROBE, probe, a1, a2, 4);
}

static void create(struct guest *guest, enum guest_mode mode, int ring)
{
	guest_create_vm(guest);
	guest_add_vcpu(guest, 0, mode, ring);
	vm_userspace_mem_region_add(guest->vm, VM_MEM_SRC_ANONYMOUS, SLOT_GPA, SLOT, SLOT_PAGES,
				    KVM_MEM_LOG_DIRTY_PAGES);
}

static void *create_in_thread(void *guest)
{
	guest_create(guest, GUEST_LONG, 0);
	return NULL;
}

/* KVM notes which thread has made a VM, and this one has ended. */
static void test_made_by_thread(void)
{
	struct guest guest;
	pthread_t thread;

	TEST_ASSERT(!pthread_create(&thread, NULL, create_in_thread, &guest), "no thread");
	pthread_join(thread, NULL);
	expect(ask(&guest, WHO, OF_PID, 0), getpid(), "caller: the VMM, whose thread made the VM");
	guest_free(&guest);
}

static void test_caller(struct guest *guest)
{
	struct guest other, user, narrow;
	uint64_t *memory;

	create(&other, GUEST_LONG, 0);
	create(&user, GUEST_LONG, 3);
	create(&narrow, GUEST_PROTECTED, 0);
	expect(ask(guest, WHO, OF_PID, 0), getpid(), "caller: the VMM");
	expect(ask(guest, WHO, OF_VCPU, 0), guest->vcpu->id, "caller: the vCPU");
	expect(ask(guest, WHO, OF_NR, 0), PROBE, "caller: the number");
	expect(ask(guest, WHO, OF_VM, 0), ask(guest, WHO, OF_VM, 0), "caller: one VM");
	ksft_test_result(ask(guest, WHO, OF_VM, 0) != ask(&other, WHO, OF_VM, 0),
			 "caller: another VM\n");
	expect(ask(guest, WHO, OF_FLAGS, 0), 1, "caller: 64-bit mode, ring 0");
	expect(ask(&user, WHO, OF_FLAGS, 0), 3, "caller: 64-bit mode, ring 3");
	expect(ask(&narrow, WHO, OF_FLAGS, 0), 0, "caller: 32-bit mode, ring 0");
	expect(ask(guest, ARG, 2, 1ULL << 40 | 5), 1ULL << 40 | 5, "arguments: of 64 bits");
	expect(ask(&narrow, ARG, 2, 1ULL << 40 | 5), 5, "arguments: of 32 bits");
	expect(ask(guest, ARG, 4, 5), 0, "arguments: there is no fifth");
	memory = addr_gpa2hva(user.vm, SLOT_GPA);
	*memory = 0x5eed;
	expect(ask(&user, READ, SLOT_GPA, 0), ERR64(KVM_EPERM), "memory: not for ring 3");
	expect(ask(&user, WRITE, SLOT_GPA, 1), ERR64(KVM_EPERM), "memory: nor to be written by it");
	expect(*memory, 0x5eed, "memory: and it is not");
	guest_free(&other);
	guest_free(&user);
	guest_free(&narrow);
}

static void test_read_only(struct guest *guest)
{
	uint64_t *memory;

	vm_userspace_mem_region_add(guest->vm, VM_MEM_SRC_ANONYMOUS, ROM_GPA, SLOT + 1, 1,
				    KVM_MEM_READONLY);
	memory = addr_gpa2hva(guest->vm, ROM_GPA);
	*memory = 0x5eed;
	expect(ask(guest, READ, ROM_GPA, 0), 0x5eed, "memory: a read-only slot");
	expect(ask(guest, WRITE, ROM_GPA, 1), ERR64(KVM_EFAULT), "memory: the same, written to");
	expect(*memory, 0x5eed, "memory: it is not written");
}

static void test_memory(struct guest *guest)
{
	uint64_t *memory = addr_gpa2hva(guest->vm, SLOT_GPA);
	unsigned long dirty = 0;

	memory[1] = 0x1234567;
	kvm_vm_get_dirty_log(guest->vm, SLOT, &dirty);
	expect(ask(guest, READ, SLOT_GPA + 8, 0), 0x1234567, "memory: read");
	expect(ask(guest, WRITE, SLOT_GPA + 2 * 4096, 0x89ab), 0, "memory: write");
	expect(memory[2 * 512], 0x89ab, "memory: it is written");
	kvm_vm_get_dirty_log(guest->vm, SLOT, &dirty);
	expect(dirty, 1 << 2, "memory: the dirty log has it");
	expect(ask(guest, READ, HOLE, 0), ERR64(KVM_EFAULT), "memory: a hole");
	expect(ask(guest, WRITE, HOLE, 0), ERR64(KVM_EFAULT), "memory: a hole, written to");
	expect(ask(guest, READ_TOO_MUCH, SLOT_GPA, 0), ERR64(KVM_E2BIG), "memory: too much");
	expect(ask(guest, WRITE_TOO_MUCH, SLOT_GPA, 0), ERR64(KVM_E2BIG),
	       "memory: too much, written");
	expect(memory[1], 0x1234567, "memory: nothing of that is written");
	kvm_vm_get_dirty_log(guest->vm, SLOT, &dirty);
	expect(dirty, 0, "memory: the dirty log has nothing, either");
}

static void test_result(struct guest *guest)
{
	expect(ask(guest, RESULT, 2, 0x77), 0, "results: one that is declared");
	expect(guest->regs.rdx, 0x77, "results: it is set");
	expect(ask(guest, RESULT, 1, 0x78), ERR64(KVM_EINVAL), "results: one that is not");
	expect(guest->regs.rcx, 1, "results: it is left alone");
	expect(ask(guest, RESULT, 4, 0x78), ERR64(KVM_EINVAL), "results: one that is none");
}

/* How often it has been rung since this was asked. */
static uint64_t rings_of(int bell)
{
	uint64_t rings = 0;

	if (read(bell, &rings, sizeof(rings)) < 0)
		must(errno == EAGAIN ? 0 : errno);
	return rings;
}

static void test_doorbell(struct guest *guest)
{
	int session = open_session(guest->vm), bell = eventfd(0, EFD_NONBLOCK);

	must(doorbell(session, BELL, "bell", HCX_HOST_VALUE, 5, bell));
	expect(ask(guest, RING, BELL, 5), 0, "doorbell: rung");
	expect(rings_of(bell), 1, "doorbell: its eventfd is signalled once");
	expect(ask(guest, RING, BELL, 6), ERR64(KVM_ENOSYS), "doorbell: by another value");
	expect(ask(guest, RING, PROBE, 5), ERR64(KVM_ENOSYS), "doorbell: what is none");
	expect(ask(guest, RING, BELL + 1, 5), ERR64(KVM_ENOSYS), "doorbell: nothing");
	expect(rings_of(bell), 0, "doorbell: none of these has signalled it");
	close(bell);
	close(session);
}

/* The handler is open to ring 3, the doorbell is not. */
static void test_doorbell_of_kernel(void)
{
	int bell = eventfd(0, EFD_NONBLOCK), session;
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 3);
	session = open_session(guest.vm);
	must(doorbell(session, BELL, "bell", 0, 0, bell));
	expect(ask(&guest, RING, BELL, 5), ERR64(KVM_ENOSYS), "doorbell: not rung for ring 3");
	expect(rings_of(bell), 0, "doorbell: it is silent");
	close(bell);
	close(session);
	guest_free(&guest);
}

/* The example, of ten a second: three at once, and then not each. */
static void test_filter(struct guest *guest)
{
	int session = open_session(guest->vm), bell = eventfd(0, EFD_NONBLOCK), i;
	uint64_t nr = guest_find(guest, "filter"), rax = 0;

	must(doorbell(session, 0x41, "knock", 0, 0, bell));
	for (i = 0; i < 3; i++)
		rax |= guest_call0(guest, nr);
	expect(rax, 0, "filter: three");
	for (i = 0; i < 1000 && !rax; i++)
		rax = guest_call0(guest, nr);
	expect(rax, ERR64(HCX_EAGAIN), "filter: too many");
	expect(rings_of(bell), 3 + i - 1, "filter: those that got through have rung");
	close(bell);
	close(session);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* At least so many milliseconds, and not much more: a wait beyond all budgets lasts 15 seconds. */
static void expect_wait(struct guest *guest, uint64_t ms, uint64_t again, uint64_t answer,
			uint64_t least, const char *what)
{
	uint64_t start = now_ms(), took;

	expect(ask(guest, WAIT, ms, again), answer, "wait: %s", what);
	took = now_ms() - start;
	if (took < least || took > least + 5000)
		ksft_print_msg("it took %lu ms\n", took);
	ksft_test_result(took >= least && took <= least + 5000, "wait: %lu ms then\n", least);
}

static void test_wait(struct guest *guest)
{
	expect_wait(guest, 50, 0, 0, 50, "within the budget");
	expect_wait(guest, 60000, 0, ERR64(HCX_ETIMEDOUT), PROBE_MS, "no longer than that");
	expect_wait(guest, 60000, 1, ERR64(HCX_ETIMEDOUT), PROBE_MS, "a second has none left");
	expect_wait(guest, 50, 50, 0, 100, "the next call has its own");
}

static void test_rules(void)
{
	struct hcx_host_rule deny = { .verb = HCX_HOST_DENY, .first = PROBE, .last = PROBE };
	struct hcx_host_rule seldom = {
		.verb = HCX_HOST_HANDLE, .first = PROBE, .last = PROBE, .rate = 1, .burst = 1,
	};
	struct guest guest;
	int session;

	create(&guest, GUEST_LONG, 0);
	session = open_session(guest.vm);
	must(rule(session, &seldom));
	expect(ask(&guest, WHO, OF_NR, 0), PROBE, "rules: one call");
	expect(ask(&guest, WHO, OF_NR, 0), ERR64(HCX_EAGAIN), "rules: no more often than that");
	must(rule(session, &deny));
	expect(ask(&guest, WHO, OF_NR, 0), ERR64(KVM_ENOSYS), "rules: denied");
	close(session);
	guest_free(&guest);
}

static void test_opt_in(struct guest *guest)
{
	struct hcx_host_rule open = {
		.verb = HCX_HOST_HANDLE, .first = OPT_IN, .last = OPT_IN,
		.subject = HCX_HOST_OF_EVERYONE,
	};
	int all_vms = open_administrator();

	expect(guest_call0(guest, OPT_IN), ERR64(KVM_ENOSYS), "rules: closed, as it is opt-in");
	must(rule(all_vms, &open));
	expect(guest_call0(guest, OPT_IN), 0, "rules: opened");
	close(all_vms);
}

/* Last: closing the session turns FORWARD into DENY for good. */
static void test_forward(struct guest *guest)
{
	struct hcx_host_rule forward = { .verb = HCX_HOST_FORWARD, .first = PROBE, .last = PROBE };
	int session = open_session(guest->vm);

	must(rule(session, &forward));
	guest_prepare(guest, PROBE, WHO, OF_NR, 0, 0);
	guest_enter(guest);
	expect(guest->vcpu->run->exit_reason, KVM_EXIT_HYPERCALL, "rules: forwarded");
	guest->vcpu->run->hypercall.ret = 0x5a;
	vcpu_run(guest->vcpu);
	vcpu_regs_get(guest->vcpu, &guest->regs);
	expect(guest->regs.rax, 0x5a, "rules: the VMM's answer");
	close(session);
}

static void test_counts(struct guest *guest)
{
	struct counted before, after;

	counted_of("probe", &before);
	ask(guest, WHO, OF_NR, 0);
	ask(guest, READ, HOLE, 0);
	counted_of("probe", &after);
	expect(after.calls - before.calls, 2, "counts: calls");
	expect(after.errors - before.errors, 1, "counts: errors");
	expect(after.inside, 0, "counts: nobody is inside");
}

static long over_budget(void)
{
	return read_number(TABLES "handlers", "%*s probe %*s %*u %*u %ld");
}

static void test_time(struct guest *guest)
{
	long before = over_budget();

	ask(guest, WAIT, 60000, 0);
	expect(over_budget() - before, 1, "time: a call over its budget is counted");
	must(-write_to(TABLES "timing", "1"));
	ask(guest, WHO, OF_NR, 0);
	must(-write_to(TABLES "timing", "0"));
	ask(guest, WHO, OF_NR, 0);
	expect(read_number(TABLES "latency", "%*s probe all %ld"), 1, "time: one call was timed");
}

int main(void)
{
	struct guest guest;

	ksft_print_header();
	ksft_set_plan(1 + 14 + 10 + 3 + 5 + 8 + 3 + 8 + 3 + 3 + 2 + 2 + 2);
	create(&guest, GUEST_LONG, 0);
	test_made_by_thread();
	test_caller(&guest);
	test_memory(&guest);
	test_read_only(&guest);
	test_result(&guest);
	test_doorbell(&guest);
	test_doorbell_of_kernel();
	test_filter(&guest);
	test_wait(&guest);
	test_counts(&guest);
	test_rules();
	test_opt_in(&guest);
	test_time(&guest);
	test_forward(&guest);
	guest_free(&guest);
	ksft_finished();
}
