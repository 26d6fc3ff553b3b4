// SPDX-License-Identifier: GPL-2.0
/* A VMM whose memory never answers holds up its own vCPU, and no program on the host. */
#include <signal.h>
#include <sys/wait.h>

#include "session.h"

#define NR	0x40
#define STUCK	0x200000

static void run_vmm(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);
	add_stuck_page(&guest, STUCK);
	guest_call0(&guest, NR);
	_exit(0);
}

static pid_t start_vmm(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		run_vmm();

	return pid;
}

int main(void)
{
	struct hcx_host_request request;
	struct counted counted;
	int session, status;
	uint8_t byte;
	pid_t vmm;

	require_hcx(6);
	require_userfaultfd();
	alarm(60);
	session = open_device();
	must(set_vm(session, -1, HCX_HOST_ALL_VMS));
	must(serve(session, NR, "stuck", 0, 300));
	vmm = start_vmm();

	request = next_request(session);
	expect(request.pid, vmm, "the VMM calls");
	expect(memory(session, request.id, STUCK, &byte, 1, 0), ETIMEDOUT,
	       "who reads its memory does not wait for longer than the call may last");
	counted_of("stuck", &counted);
	expect(counted.inside, 1, "its vCPU is still at it");
	expect(end(session, NR), 0, "the number can end all the same");
	expect(serve(session, NR, "stuck", 0, 300), 0, "and be served anew");
	close(session);
	kill(vmm, SIGKILL);
	expect(waitpid(vmm, &status, 0), vmm, "the VMM can be killed");

	ksft_finished();
}
