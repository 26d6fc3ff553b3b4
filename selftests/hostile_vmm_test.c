// SPDX-License-Identifier: GPL-2.0
/*
 * A VMM whose memory never answers holds up its own vCPU, and no program on the host but one that
 * unloads the core.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "session.h"

#define NR	0x40
#define STUCK	0x200000

static void run_vmm(int session)
{
	struct guest guest;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(session);
	guest_create(&guest, GUEST_LONG, 0);
	add_stuck_page(&guest, STUCK);
	guest_call0(&guest, NR);
	_exit(0);
}

static pid_t start_vmm(int session)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		run_vmm(session);

	return pid;
}

static uint64_t id;

static int read_stuck(int session)
{
	uint8_t byte;

	return memory(session, id, STUCK, &byte, 1, 0);
}

/* Its vCPU waits for the program then. */
static pid_t start_call_of(int session)
{
	pid_t vmm = start_vmm(session);
	struct hcx_host_request request = next_request(session);

	expect(request.pid, vmm, "the VMM calls");
	id = request.id;

	return vmm;
}

static void test_killed(pid_t vmm)
{
	int status;

	kill(vmm, SIGKILL);
	expect(waitpid(vmm, &status, 0), vmm, "the VMM can be killed");
}

static int open_all(uint32_t budget_ms)
{
	int session = open_administrator();

	must(serve(session, NR, "stuck", 0, budget_ms));

	return session;
}

static void test_time(void)
{
	int session = open_all(300);
	pid_t vmm = start_call_of(session);
	struct counted counted;

	expect(read_stuck(session), ETIMEDOUT,
	       "who reads its memory does not wait for longer than the call may last");
	expect(read_stuck(session), EBUSY, "nor has its vCPU more to do");
	counted_of("stuck", &counted);
	expect(counted.inside, 1, "which is still at it");
	expect(end(session, NR), 0, "the number can end all the same");
	expect(serve(session, NR, "stuck", 0, 300), 0, "and be served anew");
	close(session);
	test_killed(vmm);
}

static void test_signal(void)
{
	int session = open_all(15000);
	pid_t vmm = start_call_of(session);

	expect(interrupted(read_stuck, session), EINTR, "a signal ends the wait for its memory");
	test_killed(vmm);
	expect(errors_of("stuck", "EINTR"), 1, "before its time is over");
	close(session);
}

static pid_t start_unload(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		execlp("rmmod", "rmmod", "kvm_hcx", NULL);
		_exit(255);
	}

	return pid;
}

/* The last test: what it unloads it loads again. */
static void test_unload(void)
{
	int session = open_all(300), status;
	pid_t vmm = start_call_of(session), unload;

	expect(read_stuck(session), ETIMEDOUT, "its vCPU is at it");
	close(session);
	must(system("rmmod " OTHER_MODULES) ? EBUSY : 0);
	unload = start_unload();
	while (!waitpid(unload, &status, WNOHANG) && !sleeps_in(unload, "hcx_await"))
		usleep(10000);
	expect(waitpid(unload, &status, WNOHANG), 0, "who unloads the core waits for its vCPU");
	test_killed(vmm);
	waitpid(unload, &status, 0);
	expect(status, 0, "and goes on then");
	must(system("modprobe -a kvm_hcx " OTHER_MODULES) ? ENOENT : 0);
}

int main(void)
{
	require_hcx(7 + 4 + 5);
	require_userfaultfd();
	alarm(120);
	test_time();
	test_signal();
	test_unload();
	ksft_finished();
}
