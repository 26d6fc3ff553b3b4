// SPDX-License-Identifier: GPL-2.0
/* A VMM of the storm: its guest's vCPUs, its memory that changes, and a number that it serves. */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "soak.h"

#define SERVED		1	/* among the answers of a served number: served_answer() */
#define HOT_SIZE	0x10000UL
#define HOT_WORDS	16	/* of each vCPU's own */

/* The last of a vCPU's two pages there; it writes to the end of the one, and its beginning. */
static unsigned int hot_page(uint64_t i)
{
	return 4 + 8 * i;
}

static uint64_t hot_offset(uint64_t i)
{
	return hot_page(i) * 4096 - HOT_WORDS / 2 * sizeof(uint64_t);
}

/* No error, and no other VM's. */
static uint64_t served_answer(uint64_t vm, uint64_t arg)
{
	return ~arg ^ (vm + 1) << 32;
}

/* A call, and the states of its number that it may have met. */
struct call {
	const struct soak_turn *turn;
	uint64_t nr, from, to, rax;
};

static struct call make_call(const struct soak_turn *turn, uint64_t nr, uint64_t a0, uint64_t a1,
			     uint64_t a2)
{
	struct call call = { .turn = turn, .nr = nr, .from = soak_get(&turn->done) };

	call.rax = kvm_hypercall(nr, a0, a1, a2, 0);
	call.to = soak_get(&turn->started);

	return call;
}

static bool possible_since(const struct call *call, uint64_t state, uint64_t answer)
{
	for (; state <= call->to; state++)
		if (soak_get(&call->turn->answer[state % SOAK_STATES]) == answer)
			return true;

	return false;
}

/* Whether that was an answer of the number at any time of the call. */
static bool possible(const struct call *call, uint64_t answer)
{
	return possible_since(call, call->from, answer);
}

/* Whether it became one while the call was there. */
static bool became(const struct call *call, uint64_t answer)
{
	return possible_since(call, call->from + 1, answer);
}

/* Those that were there when the call began have been overwritten since. */
static bool forgotten(const struct call *call)
{
	return soak_get(&call->turn->started) - call->from >= SOAK_STATES - 1;
}

static void judge(struct soak_seen *seen, const struct call *call, bool right)
{
	seen->calls++;
	if (forgotten(call)) {
		seen->unchecked++;
	} else if (!right && !seen->wrong++) {
		seen->wrong_nr = call->nr;
		seen->wrong_rax = call->rax;
	}
}

/* A vCPU: what has been, and will be, of the numbers in its VM, and what it has seen. */
struct vcpu {
	struct soak_shared *shared;
	const struct soak_turn *turns;
	struct soak_vm *own;
	struct soak_seen *seen;
	uint64_t i;
};

/* The last handler of all has counted it, whatever its answer, if there was one. */
static struct call make_turn_call(const struct vcpu *vcpu, int i, uint64_t a0, uint64_t a1,
				  uint64_t a2)
{
	struct call call = make_call(&vcpu->turns[i], soak_nr(i), a0, a1, a2);

	if (call.rax != SOAK_ABSENT && soak_get(&vcpu->shared->is_last[i]))
		vcpu->seen->last[i]++;

	return call;
}

static void call_value(const struct vcpu *vcpu, int i)
{
	struct call call = make_turn_call(vcpu, i, 0, 0, 0);

	judge(vcpu->seen, &call, possible(&call, call.rax));
}

/* Its answer is of this call alone. */
static void call_bpf(const struct vcpu *vcpu)
{
	uint64_t arg = vcpu->seen->calls;
	struct call call = make_turn_call(vcpu, SOAK_BPF, arg, 20, 300);
	bool absent = call.rax == SOAK_ABSENT;

	judge(vcpu->seen, &call,
	      possible(&call, absent ? SOAK_ABSENT : call.rax - (arg + 2 * 20 + 3 * 300)));
}

static bool all_are(const uint64_t *words, unsigned int count, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (soak_get(&words[i]) != value)
			return false;

	return true;
}

/* The memory is what the answer says: as it was, or written. */
static void call_fill(const struct vcpu *vcpu)
{
	struct soak_seen *seen = vcpu->seen;
	uint64_t before = soak_get(&seen->filled[0]);
	struct call call = make_turn_call(vcpu, SOAK_FILL, (uintptr_t)seen->filled,
					  sizeof(seen->filled), before + 1);
	bool as_told = all_are(seen->filled, SOAK_WORDS, before + !call.rax);

	judge(seen, &call, possible(&call, call.rax) && as_told);
}

/* The memory was there at some time of a call that wrote, and away at one of a refused one. */
static bool hot_is_right(const struct call *hot)
{
	if (hot->rax == SOAK_ABSENT || forgotten(hot))
		return true;

	return possible(hot, hot->rax ? SOAK_HOT_GONE : SOAK_HOT_THERE);
}

/* To memory that may not be there: it is written or refused. What it holds, the VMM looks at. */
static void call_fill_hot(const struct vcpu *vcpu)
{
	struct soak_turn *turn = &vcpu->own->hot;
	struct call hot = { .turn = turn, .from = soak_get(&turn->done) }, call;
	struct soak_seen *seen = vcpu->seen;
	bool right;

	soak_set(&seen->hot_begun, seen->hot_begun + 1);
	call = make_turn_call(vcpu, SOAK_FILL, SOAK_HOT + hot_offset(vcpu->i),
			      HOT_WORDS * sizeof(uint64_t), seen->hot_begun);
	if (!call.rax)
		soak_set(&seen->hot_done, seen->hot_begun);
	hot.rax = call.rax;
	hot.to = soak_get(&turn->started);
	right = possible(&call, call.rax == ERR64(KVM_EFAULT) ? 0 : call.rax);
	judge(seen, &call, right && hot_is_right(&hot));
}

/*
 * By the VM's own VMM, which writes to the caller's memory as well. Unanswered it may end
 * only with what served it.
 */
static void call_served(const struct vcpu *vcpu, uint64_t id)
{
	struct soak_seen *seen = vcpu->seen;
	uint64_t arg = seen->calls;
	struct call call = make_call(&vcpu->own->served, SOAK_SERVED_NR, arg,
				     (uintptr_t)&seen->written, 0);
	bool right;

	if (call.rax == ERR64(HCX_EPIPE))
		right = became(&call, SOAK_ABSENT);
	else if (call.rax == SOAK_ABSENT)
		right = possible(&call, SOAK_ABSENT);
	else
		right = possible(&call, SERVED) && call.rax == served_answer(id, arg) &&
			soak_get(&seen->written) == call.rax;
	judge(seen, &call, right);
}

static void guest_main(uint64_t vm, uint64_t id, uint64_t i)
{
	struct soak_shared *shared = (void *)SOAK_SHARED;
	struct soak_vm *own = &shared->vms[id];
	const struct vcpu vcpu = { shared, shared->turns[vm], own, &own->seen[i], i };
	int turn;

	while (!soak_get(&shared->stop)) {
		for (turn = 0; turn < SOAK_FILL; turn++)
			call_value(&vcpu, turn);
		call_fill(&vcpu);
		call_fill_hot(&vcpu);
		call_bpf(&vcpu);
		call_served(&vcpu, id);
	}
	GUEST_DONE();
}

/* Each of a VM's vCPUs has a thread. */
struct runner {
	struct kvm_vcpu *vcpu;
	struct soak_vm *own;
	int i;
};

/* The storm sends signals, too: not by _vcpu_run(), which would keep them to itself. */
static void run_until_done(const struct runner *runner)
{
	struct soak_seen *seen = &runner->own->seen[runner->i];

	while (__vcpu_run(runner->vcpu)) {
		TEST_ASSERT(errno == EINTR, "KVM_RUN: %s", strerror(errno));
		soak_set(&seen->interrupted, seen->interrupted + 1);
	}
	assert_on_unhandled_exception(runner->vcpu);
}

static void *run_vcpu(void *arg)
{
	struct runner *runner = arg;
	struct kvm_vcpu *vcpu = runner->vcpu;
	struct ucall uc;

	soak_set(&runner->own->tid[runner->i], syscall(SYS_gettid));
	run_until_done(runner);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_DONE, "the guest ended early, by exit %u",
		    vcpu->run->exit_reason);

	return NULL;
}

static void answer_one(int session, uint64_t id)
{
	struct hcx_host_request request = next_request(session);
	uint64_t answer = served_answer(id, request.args[0]);

	must(memory(session, request.id, request.args[1], &answer, sizeof(answer), HCX_HOST_WRITE));
	must(respond(session, request.id, answer));
}

/* The VM has called by now, so the rule outlives this descriptor. */
static void deny(int session, uint64_t *nr)
{
	const struct hcx_host_rule wanted = {
		.verb = HCX_HOST_DENY, .first = soak_get(nr), .last = soak_get(nr),
	};

	if (!wanted.first)
		return;
	must(rule(session, &wanted));
	soak_set(nr, 0);
}

/* With a descriptor of its own, for some requests. */
static void serve_for_a_while(struct soak_shared *shared, struct kvm_vm *kvm_vm, uint64_t id)
{
	struct soak_turn *turn = &shared->vms[id].served;
	int session = open_session(kvm_vm), i;
	struct pollfd poll_session = { .fd = session, .events = POLLIN };

	soak_begin(turn, SERVED);
	must(serve(session, SOAK_SERVED_NR, "soak", 0, 15000));
	soak_end(turn);
	for (i = 0; i < 1000 && soak_get(&shared->may_serve) && !soak_get(&shared->stop); i++)
		if (poll(&poll_session, 1, 20) == 1) {
			answer_one(session, id);
			deny(session, &shared->vms[id].to_deny);
		}
	soak_begin(turn, SOAK_ABSENT);
	close(session);
	soak_end(turn);
}

/* The vCPUs that a VMM's thread works beside. */
struct vmm {
	struct soak_shared *shared;
	struct kvm_vm *vm;
	uint64_t id;
	void *hot;		/* the memory of SOAK_HOT */
};

static void *serve_vm(void *arg)
{
	struct vmm *vmm = arg;
	struct soak_shared *shared = vmm->shared;
	uint64_t *has_session = &shared->vms[vmm->id].has_session;

	while (!soak_get(&shared->stop)) {
		soak_set(has_session, 1);
		if (soak_get(&shared->may_serve))
			serve_for_a_while(shared, vmm->vm, vmm->id);
		soak_set(has_session, 0);
		usleep(1000);
	}

	return NULL;
}

/* Longer and longer, and short again: who is slow has time, too. */
static void nap(unsigned int round)
{
	usleep(1000 << round % 6);
}

static void set_hot(const struct vmm *vmm, uint64_t size, uint64_t state)
{
	struct soak_turn *turn = &vmm->shared->vms[vmm->id].hot;

	soak_begin(turn, state);
	vm_set_user_memory_region(vmm->vm, SOAK_HOT_SLOT, 0, SOAK_HOT, size, vmm->hot);
	soak_end(turn);
}

static void log_writes(const struct vmm *vmm, uint32_t flags)
{
	vm_set_user_memory_region(vmm->vm, SOAK_SHARED_SLOT, flags, SOAK_SHARED,
				  sizeof(*vmm->shared), vmm->shared);
	vm_set_user_memory_region(vmm->vm, SOAK_HOT_SLOT, flags, SOAK_HOT, HOT_SIZE, vmm->hot);
}

static const struct soak_seen *seen_by(const struct vmm *vmm, int i)
{
	return &vmm->shared->vms[vmm->id].seen[i];
}

/* What was not @begun when the log came on, and @done before it is got, is in it. */
static void check_log(const struct vmm *vmm, const uint64_t *begun, const uint64_t *done)
{
	uint64_t *logged = &vmm->shared->vms[vmm->id].logged, log, both;
	int i;

	kvm_vm_get_dirty_log(vmm->vm, SOAK_HOT_SLOT, &log);
	for (i = 0; i < SOAK_VCPUS; i++) {
		if (done[i] <= begun[i])
			continue;
		both = 3UL << (hot_page(i) - 1);
		TEST_ASSERT((log & both) == both, "vCPU %d wrote %lu after %lu: the log is %#lx",
			    i, done[i], begun[i], log);
		soak_set(logged, *logged + 1);
	}
}

static void log_for_a_while(const struct vmm *vmm, unsigned int round)
{
	uint64_t begun[SOAK_VCPUS], done[SOAK_VCPUS];
	int i;

	log_writes(vmm, KVM_MEM_LOG_DIRTY_PAGES);
	for (i = 0; i < SOAK_VCPUS; i++)
		begun[i] = soak_get(&seen_by(vmm, i)->hot_begun);
	nap(round);
	for (i = 0; i < SOAK_VCPUS; i++)
		done[i] = soak_get(&seen_by(vmm, i)->hot_done);
	check_log(vmm, begun, done);
	log_writes(vmm, 0);
}

/* It is gone, so no call writes to it. The last that did was let end, and wrote all it had to. */
static uint64_t check_hot(const struct vmm *vmm, int i)
{
	uint64_t done = soak_get(&seen_by(vmm, i)->hot_done), begun;
	const uint64_t *words = vmm->hot + hot_offset(i);
	uint64_t value = soak_get(words);

	begun = soak_get(&seen_by(vmm, i)->hot_begun);
	TEST_ASSERT(all_are(words, HOT_WORDS, value), "vCPU %d wrote a part of %lu", i, value);
	TEST_ASSERT(value >= done && value <= begun, "vCPU %d wrote %lu of %lu: %lu is there", i,
		    done, begun, value);

	return value;
}

static void be_without_hot(const struct vmm *vmm, unsigned int round)
{
	uint64_t left[SOAK_VCPUS];
	int i;

	for (i = 0; i < SOAK_VCPUS; i++)
		left[i] = check_hot(vmm, i);
	nap(round);
	for (i = 0; i < SOAK_VCPUS; i++)
		TEST_ASSERT(check_hot(vmm, i) == left[i], "vCPU %d wrote to what is gone", i);
}

static void change_memory(const struct vmm *vmm)
{
	unsigned int round;

	for (round = 0; !soak_get(&vmm->shared->stop); round++) {
		set_hot(vmm, HOT_SIZE, SOAK_HOT_THERE);
		nap(round);
		log_for_a_while(vmm, round);
		set_hot(vmm, 0, SOAK_HOT_GONE);
		be_without_hot(vmm, round);
	}
}

static void ignore(int signal)
{
}

static pthread_t start_thread(void *(*run)(void *arg), void *arg)
{
	pthread_t thread;

	TEST_ASSERT(!pthread_create(&thread, NULL, run, arg), "no thread");
	return thread;
}

static void create_vm(struct vmm *vmm, struct kvm_vcpu **vcpus)
{
	vmm->vm = vm_create_with_vcpus(SOAK_VCPUS, guest_main, vcpus);
	vm_set_user_memory_region(vmm->vm, SOAK_SHARED_SLOT, 0, SOAK_SHARED, sizeof(*vmm->shared),
				  vmm->shared);
	virt_map(vmm->vm, SOAK_SHARED, SOAK_SHARED, sizeof(*vmm->shared) / 4096);
	vmm->hot = mmap(NULL, HOT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(vmm->hot != MAP_FAILED, "mmap: %s", strerror(errno));
}

void soak_run_vmm(struct soak_shared *shared, int vm, int id)
{
	struct vmm vmm = { .shared = shared, .id = id };
	struct kvm_vcpu *vcpus[SOAK_VCPUS];
	struct runner runners[SOAK_VCPUS];
	pthread_t threads[SOAK_VCPUS], server;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Before the storm knows a thread to send one to. */
	signal(SIGUSR1, ignore);
	create_vm(&vmm, vcpus);
	server = start_thread(serve_vm, &vmm);
	for (i = 0; i < SOAK_VCPUS; i++) {
		vcpu_args_set(vcpus[i], 3, (uint64_t)vm, (uint64_t)id, (uint64_t)i);
		runners[i] = (struct runner){ vcpus[i], &shared->vms[id], i };
		threads[i] = start_thread(run_vcpu, &runners[i]);
	}
	change_memory(&vmm);
	for (i = 0; i < SOAK_VCPUS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(server, NULL);
}
