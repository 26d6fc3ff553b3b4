// SPDX-License-Identifier: GPL-2.0
/* A VMM of the storm: its guest's vCPUs, its memory that changes, and a number that it serves. */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "soak.h"

#define SERVED		1	/* among the answers of a served number: served_answer() */
#define HOT_SIZE	0x10000UL

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

/* Whether that was an answer of the number at any time of the call. */
static bool possible(const struct call *call, uint64_t answer)
{
	uint64_t state;

	for (state = call->from; state <= call->to; state++)
		if (soak_get(&call->turn->answer[state % SOAK_STATES]) == answer)
			return true;

	return false;
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
	struct soak_seen *seen;
};

/* One that has reached the last handler of all has counted there. */
static void note_last(const struct vcpu *vcpu, int i, bool reached)
{
	if (reached && soak_get(&vcpu->shared->last_answer[i]))
		vcpu->seen->last[i]++;
}

static void call_value(const struct vcpu *vcpu, int i)
{
	struct call call = make_call(&vcpu->turns[i], soak_nr(i), 0, 0, 0);

	judge(vcpu->seen, &call, possible(&call, call.rax));
	note_last(vcpu, i, call.rax == soak_get(&vcpu->shared->last_answer[i]));
}

/* Its answer is of this call alone. */
static void call_bpf(const struct vcpu *vcpu)
{
	uint64_t arg = vcpu->seen->calls;
	struct call call = make_call(&vcpu->turns[SOAK_BPF], SOAK_BPF_NR, arg, 20, 300);
	bool absent = call.rax == SOAK_ABSENT;

	judge(vcpu->seen, &call,
	      possible(&call, absent ? SOAK_ABSENT : call.rax - (arg + 2 * 20 + 3 * 300)));
	note_last(vcpu, SOAK_BPF, !absent);
}

/* Whatever its answer, it may have reached the handler. */
static struct call make_fill_call(const struct vcpu *vcpu, uint64_t gpa, uint64_t size,
				  uint64_t value)
{
	struct call call = make_call(&vcpu->turns[SOAK_FILL], soak_nr(SOAK_FILL), gpa, size,
				     value);

	note_last(vcpu, SOAK_FILL, call.rax != SOAK_ABSENT);
	return call;
}

static bool all_are(const uint64_t *words, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(((struct soak_seen *)0)->filled); i++)
		if (soak_get(&words[i]) != value)
			return false;

	return true;
}

/* The memory is what the answer says: as it was, or written. */
static void call_fill(const struct vcpu *vcpu)
{
	struct soak_seen *seen = vcpu->seen;
	uint64_t before = soak_get(&seen->filled[0]);
	struct call call = make_fill_call(vcpu, (uintptr_t)seen->filled, sizeof(seen->filled),
					  before + 1);

	judge(seen, &call, possible(&call, call.rax) && all_are(seen->filled, before + !call.rax));
}

/* To memory that may not be there: it is written or refused. */
static void call_fill_hot(const struct vcpu *vcpu)
{
	struct call call = make_fill_call(vcpu, SOAK_HOT + HOT_SIZE / 2 - 64, 128, 5);

	judge(vcpu->seen, &call,
	      possible(&call, call.rax == ERR64(KVM_EFAULT) ? 0 : call.rax));
}

/* By the VM's own VMM, which writes to the caller's memory as well. */
static void call_served(struct soak_vm *vm, struct soak_seen *seen, uint64_t id)
{
	uint64_t arg = seen->calls;
	struct call call = make_call(&vm->served, SOAK_SERVED_NR, arg,
				     (uintptr_t)&seen->written, 0);
	bool right;

	if (call.rax == ERR64(HCX_EPIPE))
		right = call.to > call.from;
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
	const struct vcpu vcpu = { shared, shared->turns[vm], &own->seen[i] };
	int turn;

	while (!soak_get(&shared->stop)) {
		for (turn = 0; turn < SOAK_FILL; turn++)
			call_value(&vcpu, turn);
		call_fill(&vcpu);
		call_fill_hot(&vcpu);
		call_bpf(&vcpu);
		call_served(own, vcpu.seen, id);
	}
	GUEST_DONE();
}

/* The storm sends signals, too. */
static void *run_vcpu(void *arg)
{
	struct kvm_vcpu *vcpu = arg;
	struct ucall uc;

	while (_vcpu_run(vcpu))
		TEST_ASSERT(errno == EINTR, "KVM_RUN: %s", strerror(errno));
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

/* For good: its VM has called, since it has been answered by this descriptor. */
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

static void change_memory(const struct vmm *vmm)
{
	void *hot = mmap(NULL, HOT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	uint32_t flags = 0;

	while (!soak_get(&vmm->shared->stop)) {
		vm_set_user_memory_region(vmm->vm, SOAK_HOT_SLOT, 0, SOAK_HOT, HOT_SIZE, hot);
		usleep(3000);
		flags ^= KVM_MEM_LOG_DIRTY_PAGES;
		vm_set_user_memory_region(vmm->vm, SOAK_SHARED_SLOT, flags, SOAK_SHARED,
					  sizeof(*vmm->shared), vmm->shared);
		usleep(3000);
		vm_set_user_memory_region(vmm->vm, SOAK_HOT_SLOT, 0, SOAK_HOT, 0, hot);
		usleep(3000);
	}
}

static void ignore(int signal)
{
}

void soak_run_vmm(struct soak_shared *shared, int vm, int id)
{
	struct vmm vmm = { shared, NULL, id };
	struct kvm_vcpu *vcpus[SOAK_VCPUS];
	pthread_t threads[SOAK_VCPUS], server;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGUSR1, ignore);
	vmm.vm = vm_create_with_vcpus(SOAK_VCPUS, guest_main, vcpus);
	vm_set_user_memory_region(vmm.vm, SOAK_SHARED_SLOT, 0, SOAK_SHARED, sizeof(*shared),
				  shared);
	virt_map(vmm.vm, SOAK_SHARED, SOAK_SHARED, sizeof(*shared) / 4096);
	pthread_create(&server, NULL, serve_vm, &vmm);
	for (i = 0; i < SOAK_VCPUS; i++) {
		vcpu_args_set(vcpus[i], 3, (uint64_t)vm, (uint64_t)id, (uint64_t)i);
		pthread_create(&threads[i], NULL, run_vcpu, vcpus[i]);
	}
	change_memory(&vmm);
	for (i = 0; i < SOAK_VCPUS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(server, NULL);
}
