// SPDX-License-Identifier: GPL-2.0
/*
 * Calls bpf/probe.bpf.c, which is attached, from VMs whose memory is not there: it waits for what
 * the VMM provides, and who provides nothing holds up itself, and not others. For
 * host/bpf_absent_test.
 */
#define _GNU_SOURCE /* for unshare() and setresuid() */
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bpf/probe.h"
#include "session.h"

#define SLOT		1
#define SLOT_GPA	0x100000

/* As module/touch.c has them: a user's touches, and the workers for all. */
#define OF_USER		8
#define WORKERS		256
#define USERS		(WORKERS / OF_USER)

/* The first of the users, and one that it has in a user namespace. */
#define FIRST_UID	1000
#define UID_IN_NAMESPACE 5000

/* A process with VMs, whose memory is provided from here, even when it is dead. */
struct vmm {
	pid_t pid;
	int control;	/* it is told which VM is to call, and tells the answer */
	int memory;	/* its userfaultfd */
};

/* One of its VMs, as it has them. */
struct vm {
	struct guest guest;
	int control;
};

static uint64_t ask(struct guest *guest, enum probe probe)
{
	return guest_call(guest, PROBE, probe, SLOT_GPA, 0, 4);
}

static int open_userfaultfd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(__NR_userfaultfd, 0);

	TEST_ASSERT(fd >= 0 && !ioctl(fd, UFFDIO_API, &api), "userfaultfd: %s", strerror(errno));
	return fd;
}

/* With a page that is not there until it is provided by @fd. */
static void create(struct guest *guest, int fd)
{
	struct uffdio_register range = {
		.range.len = 4096, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	void *memory;

	guest_create(guest, GUEST_LONG, 0);
	vm_userspace_mem_region_add(guest->vm, VM_MEM_SRC_ANONYMOUS, SLOT_GPA, SLOT, 1, 0);
	memory = addr_gpa2hva(guest->vm, SLOT_GPA);
	madvise(memory, 4096, MADV_DONTNEED);
	range.range.start = (uintptr_t)memory;
	must(ioctl(fd, UFFDIO_REGISTER, &range) ? errno : 0);
}

/* Waits until somebody waits for a page, and tells where. */
static uint64_t next_wanted(int fd)
{
	struct uffd_msg msg;

	TEST_ASSERT(read(fd, &msg, sizeof(msg)) == sizeof(msg), "userfaultfd: %s",
		    strerror(errno));
	TEST_ASSERT(msg.event == UFFD_EVENT_PAGEFAULT, "userfaultfd: event %u", msg.event);
	return msg.arg.pagefault.address & -4096ULL;
}

/* 0, or the errno: ESRCH where the memory of the whole process is gone. */
static int provide(int fd, uint64_t address)
{
	struct uffdio_zeropage zero = { .range = { address, 4096 } };

	return ioctl(fd, UFFDIO_ZEROPAGE, &zero) ? errno : 0;
}

static void *provide_wanted(void *arg)
{
	int fd = *(int *)arg;

	provide(fd, next_wanted(fd));
	return NULL;
}

static void test_provided(struct guest *guest, int fd, enum probe probe, const char *what)
{
	pthread_t thread;

	madvise(addr_gpa2hva(guest->vm, SLOT_GPA), 4096, MADV_DONTNEED);
	pthread_create(&thread, NULL, provide_wanted, &fd);
	expect(ask(guest, probe), 0, "memory that the VMM provides when asked, %s", what);
	pthread_join(thread, NULL);
}

/* A VMM whose memory is not there. */
static void test_absent(void)
{
	int fd = open_userfaultfd();
	struct guest guest;
	void *memory;

	create(&guest, fd);
	memory = addr_gpa2hva(guest.vm, SLOT_GPA);
	test_provided(&guest, fd, READ, "read");
	test_provided(&guest, fd, WRITE, "written to");
	madvise(memory, 4096, MADV_DONTNEED);
	expect(ask(&guest, READ), ERR64(HCX_ETIMEDOUT),
	       "memory that the VMM does not provide: no longer than the budget");
	expect(ask(&guest, WRITE), ERR64(HCX_ETIMEDOUT), "the same, written to");
	close(fd);
	expect(ask(&guest, READ), 0, "it is there");
	munmap(memory, 4096);
	expect(ask(&guest, READ), ERR64(KVM_EFAULT), "it unmaps it");
	guest_free(&guest);
}

static void *run_call(void *arg)
{
	struct vm *vm = arg;
	uint64_t rax = ask(&vm->guest, READ);

	must(write(vm->control, &rax, sizeof(rax)) != sizeof(rax) ? errno : 0);
	return NULL;
}

/* Another user of its namespace, which belongs to the user that it was. */
static void become_other(int control)
{
	uint64_t ready = 0;

	must(unshare(CLONE_NEWUSER) ? errno : 0);
	must(write(control, &ready, sizeof(ready)) != sizeof(ready) ? errno : 0);
	must(read(control, &ready, sizeof(ready)) != sizeof(ready) ? errno : 0);
	must(setresuid(1, 1, 1) ? errno : 0);
}

/* What @uid might not open is open before it is @uid. */
static void run_vmm(int control, unsigned int vms, uid_t uid, bool in_namespace)
{
	struct vm *vm = calloc(vms, sizeof(*vm));
	uint64_t fd = open_userfaultfd(), which;
	unsigned int i;
	pthread_t thread;

	for (i = 0; i < vms; i++) {
		create(&vm[i].guest, fd);
		vm[i].control = control;
	}
	must(setresuid(uid, uid, uid) ? errno : 0);
	if (in_namespace)
		become_other(control);
	must(write(control, &fd, sizeof(fd)) != sizeof(fd) ? errno : 0);
	while (read(control, &which, sizeof(which)) == sizeof(which))
		must(pthread_create(&thread, NULL, run_call, &vm[which]));
	_exit(0);
}

static uint64_t told_by(const struct vmm *vmm)
{
	uint64_t value;

	TEST_ASSERT(read(vmm->control, &value, sizeof(value)) == sizeof(value), "VMM %d is gone",
		    vmm->pid);
	return value;
}

static void tell(const struct vmm *vmm, uint64_t value)
{
	must(write(vmm->control, &value, sizeof(value)) != sizeof(value) ? errno : 0);
}

static void map_users(const struct vmm *vmm, uid_t uid)
{
	char path[64], map[64];
	int fd, len = snprintf(map, sizeof(map), "0 %u 1\n1 %u 1\n", uid, UID_IN_NAMESPACE);

	told_by(vmm);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", vmm->pid);
	fd = open(path, O_WRONLY);
	must(write(fd, map, len) != len ? errno : 0);
	close(fd);
	tell(vmm, 0);
}

static void start_vmm(struct vmm *vmm, unsigned int vms, uid_t uid, bool in_namespace)
{
	int sockets[2], pidfd;

	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) ? errno : 0);
	fflush(stdout);
	vmm->pid = fork();
	if (!vmm->pid) {
		close(sockets[0]);
		run_vmm(sockets[1], vms, uid, in_namespace);
	}
	close(sockets[1]);
	vmm->control = sockets[0];
	if (in_namespace)
		map_users(vmm, uid);
	pidfd = syscall(__NR_pidfd_open, vmm->pid, 0);
	vmm->memory = syscall(__NR_pidfd_getfd, pidfd, (int)told_by(vmm), 0);
	TEST_ASSERT(vmm->memory >= 0, "pidfd_getfd: %s", strerror(errno));
	close(pidfd);
}

static void kill_vmm(struct vmm *vmm)
{
	kill(vmm->pid, SIGKILL);
	waitpid(vmm->pid, NULL, 0);
	close(vmm->control);
}

static uint64_t call(const struct vmm *vmm, unsigned int vm)
{
	tell(vmm, vm);
	return told_by(vmm);
}

/* What the call is answered when its memory is provided. */
static uint64_t call_provided(const struct vmm *vmm, unsigned int vm)
{
	tell(vmm, vm);
	must(provide(vmm->memory, next_wanted(vmm->memory)));
	return told_by(vmm);
}

/* All that its user can; how many of the calls have waited as long as they may. */
static unsigned int leave_stuck(const struct vmm *vmm)
{
	unsigned int i, late = 0;

	for (i = 0; i < OF_USER; i++)
		tell(vmm, i);
	for (i = 0; i < OF_USER; i++)
		next_wanted(vmm->memory);
	for (i = 0; i < OF_USER; i++)
		late += told_by(vmm) == ERR64(HCX_ETIMEDOUT);

	return late;
}

/* Each touch that has begun is a use of the core. */
static void test_one_user(struct vmm *first, const struct vmm *second, int idle)
{
	struct vmm other;

	expect(leave_stuck(first), OF_USER, "a user has 8 VMs whose memory never comes");
	kill_vmm(first);
	expect(uses_of_core() - idle, OF_USER, "they have a worker each, and are dead");
	start_vmm(&other, 1, FIRST_UID, false);
	expect(call(&other, 0), ERR64(HCX_EAGAIN), "a ninth gets none");
	kill_vmm(&other);
	close(other.memory);
	start_vmm(&other, 1, FIRST_UID, true);
	expect(call(&other, 0), ERR64(HCX_EAGAIN), "nor as another user of a namespace");
	kill_vmm(&other);
	close(other.memory);
	expect(call_provided(second, 0), 0, "another user's gets what it waits for");
}

/* With as many as there are workers. */
static void test_many_users(struct vmm *hostile, struct vmm *second, struct vmm *third, int idle)
{
	unsigned int i, late = 0;

	for (i = 1; i < USERS; i++) {
		start_vmm(&hostile[i], OF_USER, FIRST_UID + i, false);
		late += leave_stuck(&hostile[i]);
		kill_vmm(&hostile[i]);
	}
	expect(late, WORKERS - OF_USER, "32 users have as many");
	expect(call(second, 1), ERR64(HCX_ETIMEDOUT), "then another user's VM waits in vain");
	expect(call(third, 0), ERR64(HCX_ETIMEDOUT), "and so does another");
	expect(uses_of_core() - idle, WORKERS, "but leaves nothing behind");
	kill_vmm(second);
	expect(provide(second->memory, SLOT_GPA), ESRCH, "and its memory goes when it is killed");
}

static void test_end(struct vmm *hostile, struct vmm *third, int idle)
{
	unsigned int i;
	struct vmm again;

	for (i = 0; i < USERS; i++)
		close(hostile[i].memory);
	for (i = 0; i < 10000 && uses_of_core() > idle; i++)
		usleep(1000);
	expect(uses_of_core(), idle, "nothing stays of VMs whose memory nobody can provide");
	expect(call_provided(third, 0), 0, "who waited in vain gets what it waits for");
	start_vmm(&again, 1, FIRST_UID, false);
	expect(call_provided(&again, 0), 0, "so does the first user");
	kill_vmm(&again);
	kill_vmm(third);
}

int main(void)
{
	struct vmm hostile[USERS], second, third;
	int idle = uses_of_core();

	ksft_print_header();
	ksft_set_plan(6 + 5 + 5 + 3);
	alarm(600);
	test_absent();
	start_vmm(&second, 2, 0, false);
	start_vmm(&third, 1, 0, false);
	start_vmm(&hostile[0], OF_USER, FIRST_UID, false);
	test_one_user(&hostile[0], &second, idle);
	test_many_users(hostile, &second, &third, idle);
	test_end(hostile, &third, idle);
	ksft_finished();
}
