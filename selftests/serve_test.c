// SPDX-License-Identifier: GPL-2.0
/* A program answers hypercalls through /dev/kvm_hcx, and one that does not harms nobody. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "session.h"

#define NR	0x40
#define OTHER	0x41
#define HOLE	0x100000
#define DATA	0x9000

static struct guest guest;
static int session;

/* The answer to a call that gets this response. */
static uint64_t answered_with(uint64_t nr, int64_t result)
{
	struct caller caller = { .args = { 1, 2, 3, 4 } };

	start_call(&caller, &guest, nr);
	respond(session, next_request(session).id, result);

	return join_call(&caller);
}

static void test_request(void)
{
	struct caller caller = { .args = { 11, 0x2200000022, 33, ~0ULL } };
	struct hcx_host_request request;

	expect(serve(session, NR, "served", 0, 0), 0, "a number is served");
	start_call(&caller, &guest, NR);
	request = next_request(session);
	expect(request.nr, NR, "a request has the number");
	expect(request.pid, getpid(), "the VMM");
	expect(request.vcpu, 0, "the vCPU");
	expect(request.flags, HCX_HOST_LONG_MODE, "the caller's mode and ring");
	expect(memcmp(request.args, caller.args, sizeof(caller.args)), 0, "the arguments");
	expect(respond(session, request.id, 0x123456789abcdef0), 0, "it is answered");
	expect(join_call(&caller), 0x123456789abcdef0, "the guest finds the answer");
	expect(respond(session, request.id, 1), ENOENT, "a second answer is refused");
	expect(respond(session, request.id + 1, 1), ENOENT, "an answer to no request is refused");
	expect(answered_with(NR, -KVM_EFAULT), ERR64(KVM_EFAULT), "an answer can be an error");
}

static void test_memory(void)
{
	uint8_t *there = addr_gpa2hva(guest.vm, DATA), here[16] = "";
	struct caller caller = {};
	uint64_t id;

	memcpy(there, "from the guest", 15);
	start_call(&caller, &guest, NR);
	id = next_request(session).id;
	expect(memory(session, id, DATA, here, 15, 0), 0, "memory is read");
	expect(strcmp((char *)here, "from the guest"), 0, "and is right");
	expect(memory(session, id, DATA, "from the host", 14, HCX_HOST_WRITE), 0, "it is written");
	expect(strcmp((char *)there, "from the host"), 0, "and is right");
	expect(memory(session, id, HOLE, here, 1, 0), EFAULT, "where is no memory, none is read");
	expect(strcmp((char *)here, "from the guest"), 0, "and the program gets nothing");
	expect(memory(session, id, ~0ULL, here, 2, 0), EINVAL, "a range that wraps is refused");
	expect(memory(session, id, DATA, NULL, 1, 0), EFAULT, "a wrong address is refused, read");
	expect(memory(session, id, DATA, NULL, 1, HCX_HOST_WRITE), EFAULT, "and written");
	expect(memory(session, id, DATA, here, 0, 0), EINVAL, "so is a length of 0");
	expect(memory(session, id, DATA, here, HCX_HOST_MEMORY_MAX + 1, 0), EINVAL,
	       "one that is too long");
	expect(memory(session, id, DATA, here, 1, 2), EINVAL, "an unknown flag");
	expect(memory(session, id + 1, DATA, here, 1, 0), ENOENT, "a request that is not there");
	respond(session, id, 0);
	join_call(&caller);
	expect(memory(session, id, DATA, here, 1, 0), ENOENT, "or is answered");
}

static void test_late(void)
{
	struct caller caller = {};
	uint64_t id;

	must(serve(session, OTHER, "late", 0, 50));
	start_call(&caller, &guest, OTHER);
	id = next_request(session).id;
	expect(join_call(&caller), ERR64(HCX_ETIMEDOUT), "a guest does not wait for ever");
	expect(respond(session, id, 1), ENOENT, "an answer that comes late is refused");
	must(end(session, OTHER));
}

static void test_results(void)
{
	struct hcx_host_response response = { .result = 5, .results = { 0, 0, 77 } };
	struct caller caller = { .args = { 1, 2, 3, 4 } };

	must(serve(session, OTHER, "results", HCX_RESULT_RDX, 0));
	start_call(&caller, &guest, OTHER);
	response.id = next_request(session).id;
	response.results[0] = 9;
	expect(write(session, &response, sizeof(response)) < 0 ? errno : 0, EINVAL,
	       "a result for a register that is not declared is refused");
	response.results[0] = 0;
	expect(write(session, &response, sizeof(response)), sizeof(response),
	       "one for a declared register is taken");
	expect(join_call(&caller), 5, "the guest has RAX");
	expect(guest.regs.rdx, 77, "and the other");
	expect(guest.regs.rbx, 1, "and what it passed elsewhere");
	must(end(session, OTHER));
}

static void call_both(struct caller *callers, struct guest *second)
{
	start_call(&callers[0], &guest, OTHER);
	wait_for_calls("batch", 1);
	start_call(&callers[1], second, OTHER);
	wait_for_calls("batch", 2);
}

/* Where one request fits before the end of the program's memory. */
static void *last_place(void)
{
	char *pages = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(munmap(pages + 4096, 4096) ? errno : 0);
	return pages + 4096 - sizeof(struct hcx_host_request);
}

/* Of two requests, the second cannot be written to the program's memory. */
static void test_no_room(int session, struct caller *callers, struct guest *second)
{
	struct hcx_host_request *first = last_place(), other;

	call_both(callers, second);
	expect(read(session, first, 2 * sizeof(*first)), sizeof(*first), "one of two is read");
	other = next_request(session);
	must(respond(session, first->id, 1));
	must(respond(session, other.id, 2));
	expect(join_call(&callers[0]), 1, "it is the first");
	expect(join_call(&callers[1]), 2, "and the second waits on");
}

static void test_batch(void)
{
	struct hcx_host_response responses[3] = {};
	struct hcx_host_request requests[4];
	struct caller callers[2] = {};
	struct guest second;
	int other;

	guest_create(&second, GUEST_PROTECTED, 0);
	other = open_administrator();
	must(serve(other, OTHER, "batch", 0, 0));
	call_both(callers, &second);
	expect(read(other, requests, sizeof(requests)), 2 * sizeof(*requests),
	       "requests of two VMs are read at once");
	expect(requests[0].vm != requests[1].vm, 1, "which differ");
	expect(requests[1].flags, 0, "a 32-bit kernel's among them");
	expect(respond(session, requests[0].id, 1), ENOENT, "another session cannot answer them");
	responses[0] = (struct hcx_host_response){ .id = requests[1].id, .result = -1 };
	responses[1] = (struct hcx_host_response){ .id = requests[0].id, .result = -2 };
	responses[2] = responses[1];
	expect(write(other, responses, sizeof(responses)), 2 * sizeof(*responses),
	       "they are answered at once, up to the wrong one");
	expect(join_call(&callers[0]), -2, "each gets its own");
	expect(join_call(&callers[1]), ERR32(1), "in 32 bits where it has them");
	test_no_room(other, callers, &second);
	close(other);
	guest_free(&second);
}

static void test_poll(void)
{
	struct pollfd pollfd = { .fd = session, .events = POLLIN };
	struct hcx_host_request request;
	struct caller caller = {};

	must(fcntl(session, F_SETFL, O_NONBLOCK) ? errno : 0);
	expect(poll(&pollfd, 1, 0), 0, "poll() tells that nothing waits");
	expect(read(session, &request, sizeof(request)) < 0 ? errno : 0, EAGAIN,
	       "O_NONBLOCK does not wait");
	expect(read(session, &request, sizeof(request) - 1) < 0 ? errno : 0, EINVAL,
	       "a buffer that is too small is refused");
	expect(write(session, &request, sizeof(request) - 1) < 0 ? errno : 0, EINVAL,
	       "half a response is refused");
	start_call(&caller, &guest, NR);
	expect(poll(&pollfd, 1, 10000), 1, "poll() wakes up for a request");
	expect(pollfd.revents, POLLIN, "and says so");
	expect(read(session, NULL, sizeof(request)) < 0 ? errno : 0, EFAULT,
	       "a buffer that is not there is refused");
	request = next_request(session);
	must(respond(session, request.id, 5));
	expect(join_call(&caller), 5, "and the request is there for the next");
	must(fcntl(session, F_SETFL, 0) ? errno : 0);
}

static int read_request(int session)
{
	struct hcx_host_request request;

	return read(session, &request, sizeof(request)) < 0 ? errno : 0;
}

static void test_signal(void)
{
	struct caller caller = {};

	alarm(60);
	expect(interrupted(read_request, session), EINTR, "a signal ends the wait for a request");
	alarm(0);
	start_call(&caller, &guest, NR);
	must(respond(session, next_request(session).id, 6));
	expect(join_call(&caller), 6, "the next is answered all the same");
}

static void test_end(void)
{
	struct hcx_host_request request;
	struct caller caller = {};
	struct guest ring3;
	uint8_t here[8];
	int other;

	must(serve(session, OTHER, "ends", 0, 15000));
	start_call(&caller, &guest, OTHER);
	next_request(session);
	expect(end(session, OTHER), 0, "a number ends with a request in flight");
	expect(join_call(&caller), ERR64(HCX_EPIPE), "whose caller is told");
	expect(guest_call0(&guest, OTHER), ERR64(KVM_ENOSYS), "then nobody has it");
	expect(end(session, OTHER), ENOENT, "it cannot end twice");

	other = open_session(guest.vm);
	must(serve(other, OTHER, "closes", 0, 15000));
	start_call(&caller, &guest, OTHER);
	wait_for_calls("closes", 1);
	close(other);
	expect(join_call(&caller), ERR64(HCX_EPIPE), "so is that of a descriptor that is closed");
	expect(guest_call0(&guest, OTHER), ERR64(KVM_ENOSYS), "which takes its numbers along");

	guest_create(&ring3, GUEST_LONG, 3);
	other = open_session(ring3.vm);
	must(serve(other, OTHER, "ring0", 0, 0));
	must(serve(other, NR, "ring3", HCX_RING3, 0));
	expect(guest_call0(&ring3, OTHER), ERR64(KVM_EPERM), "ring 3 is kept out");
	start_call(&caller, &ring3, NR);
	request = next_request(other);
	expect(request.flags, HCX_HOST_LONG_MODE | HCX_HOST_USER, "or let in");
	expect(memory(other, request.id, DATA, here, sizeof(here), 0), EPERM,
	       "but names no memory by its physical address");
	close(other);
	join_call(&caller);
	guest_free(&ring3);
}

static void test_own_first(void)
{
	struct caller caller = {};
	struct guest second;
	int all = open_administrator();

	expect(serve(all, NR, "everywhere", 0, 100), 0, "all VMs can have a number that one has");
	guest_create(&second, GUEST_LONG, 0);
	start_call(&caller, &second, NR);
	respond(all, next_request(all).id, 0xa11);
	expect(join_call(&caller), 0xa11, "other VMs' calls are answered for all");
	expect(answered_with(NR, 0x1), 1, "but a VM's own comes first");
	expect(serve(session, NR, "again", 0, 0), EEXIST, "a number is not taken twice");
	expect(serve(session, OTHER, "everywhere", 0, 0), EEXIST, "nor a name");
	close(all);
	guest_free(&second);
}

/* A VMM that is killed while its vCPU waits, and with it the VM of a session. */
static void test_killed(void)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct hcx_host_request request;
	int sockets[2], other, status;
	struct guest killed;
	pid_t vmm;

	must(pipe(sockets) ? errno : 0);
	other = open_device();
	fflush(stdout);
	vmm = fork();
	if (!vmm) {
		guest_create(&killed, GUEST_LONG, 0);
		must(set_vm(other, killed.vm->fd, 0));
		must(serve(other, NR, "killed", 0, 15000));
		close(sockets[1]);
		guest_call0(&killed, NR);
		_exit(0);
	}
	close(sockets[1]);
	expect(read(sockets[0], &status, 1), 0, "a descriptor can be set up by a child");
	request = next_request(other);
	kill(vmm, SIGKILL);
	expect(waitpid(vmm, &status, 0), vmm, "a VMM that is killed goes away");
	expect(errors_of("killed", "EINTR"), 1, "before its time is over");
	expect(respond(other, request.id, 0), ENOENT, "its request is gone");
	pollfd.fd = other;
	expect(poll(&pollfd, 1, 10000), 1, "poll() wakes up for the VM's end");
	expect(pollfd.revents, POLLHUP, "and says so");
	expect(read(other, &request, sizeof(request)), 0, "read() returns 0");
	expect(serve(other, OTHER, "gone", 0, 0), ENODEV, "nothing can be set up any more");
	close(other);
	close(sockets[0]);
}

int main(void)
{
	require_hcx(75);
	guest_create(&guest, GUEST_LONG, 0);
	session = open_session(guest.vm);

	test_request();
	test_memory();
	test_late();
	test_results();
	test_batch();
	test_poll();
	test_signal();
	test_end();
	test_own_first();
	test_killed();
	close(session);
	expect(guest_call0(&guest, NR), ERR64(KVM_ENOSYS), "nothing is left");

	guest_free(&guest);
	ksft_finished();
}
