// SPDX-License-Identifier: GPL-2.0
/*
 * A Hyper-V guest's hypercall is KVM's, and takes as long as the VMM's memory, with any number in
 * RAX: nobody who unregisters that number waits for it.
 */
#include <signal.h>
#include <sys/wait.h>

#include "hyperv.h"
#include "session.h"

#define NR	0x41
#define STUCK	0x200000

/* The other end of a pipe tells when the memory is to be there. */
static int go_on;
static struct stuck_page page;

static void *provide(void *unused)
{
	char byte;

	must(read(go_on, &byte, 1) == 1 ? 0 : EIO);
	provide_stuck_page(&page);

	return NULL;
}

/* The number has been called before, so the vCPU knows its handler. Ends with what RAX is then. */
static void run_vmm(void)
{
	struct guest guest;
	pthread_t thread;

	guest_create(&guest, GUEST_LONG, 0);
	/* Before KVM had the capability, any guest could say that it is a Hyper-V one. */
	if (kvm_has_cap(KVM_CAP_SYS_HYPERV_CPUID))
		vcpu_set_hv_cpuid(guest.vcpu);
	page = add_stuck_page(&guest, STUCK);
	pthread_create(&thread, NULL, provide, NULL);
	if (guest_call0(&guest, NR) != 7)
		_exit(255);
	vcpu_set_msr(guest.vcpu, HV_X64_MSR_GUEST_OS_ID, 1);
	guest_prepare(&guest, NR, 0, HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE, STUCK, 0);
	guest_enter(&guest);
	_exit(guest.regs.rax == HV_STATUS_SUCCESS ? 0 : 254);
}

static pid_t start_vmm(int *wake)
{
	int ends[2];
	pid_t pid;

	must(pipe(ends) ? errno : 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		go_on = ends[0];
		run_vmm();
	}
	close(ends[0]);
	*wake = ends[1];
	while (!sleeps_in(pid, "handle_userfault")) {
		TEST_ASSERT(!waitpid(pid, NULL, WNOHANG), "the VMM has failed");
		usleep(1000);
	}

	return pid;
}

static uint64_t call_fresh(void)
{
	struct guest guest;
	uint64_t rax;

	guest_create(&guest, GUEST_LONG, 0);
	rax = guest_call0(&guest, NR);
	guest_free(&guest);

	return rax;
}

int main(void)
{
	int wake, other_wake, status;
	pid_t vmm, other;

	require_hcx(7);
	require_userfaultfd();
	alarm(60);
	must_control("register held %#x 0 value 7", NR);
	vmm = start_vmm(&wake);
	expect(control("replace held again %#x 0 value 7", NR), 0, "a handler is replaced");
	expect(call_fresh(), 7, "the other one answers");
	other = start_vmm(&other_wake);
	expect(control("unregister again"), 0, "it is unregistered");
	expect(call_fresh(), ERR64(KVM_ENOSYS), "nobody answers");

	must(write(wake, "", 1) == 1 ? 0 : errno);
	waitpid(vmm, &status, 0);
	expect(status, 0, "a call goes on to KVM's answer");
	kill(other, SIGKILL);
	expect(waitpid(other, &status, 0), other, "another ends with its VMM");
	must_control("register held %#x 0 value 9", NR);
	expect(call_fresh(), 9, "the number can be had again");
	must_control("unregister held");

	ksft_finished();
}
