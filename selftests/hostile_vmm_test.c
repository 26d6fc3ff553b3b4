// SPDX-License-Identifier: GPL-2.0
/* A VMM whose memory never answers holds up its own vCPU, and no program on the host. */
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "session.h"

#define NR	0x40
#define STUCK	0x200000

/* A page that takes for ever to be there: nobody reads the descriptor. */
static void *stuck_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register stuck = {
		.range.len = 4096, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC);

	stuck.range.start = (uintptr_t)page;
	must(fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &stuck) ?
	     errno : 0);

	return page;
}

static void run_vmm(void)
{
	struct kvm_userspace_memory_region region = {
		.slot = 5, .guest_phys_addr = STUCK, .memory_size = 4096,
	};
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);
	region.userspace_addr = (uintptr_t)stuck_page();
	must(ioctl(guest.vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ? errno : 0);
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

static bool has_userfaultfd(void)
{
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC);

	close(fd);
	return fd >= 0;
}

int main(void)
{
	struct hcx_host_request request;
	struct counted counted;
	int session, status;
	uint8_t byte;
	pid_t vmm;

	require_hcx(6);
	if (!has_userfaultfd())
		ksft_exit_skip("this kernel has no userfaultfd\n");
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
