// SPDX-License-Identifier: GPL-2.0
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "session.h"

int open_device(void)
{
	int session = open(HCX_HOST_PATH, O_RDWR | O_CLOEXEC);

	TEST_ASSERT(session >= 0, HCX_HOST_PATH " does not open: %s", strerror(errno));
	return session;
}

static int errno_of(int ret)
{
	return ret < 0 ? errno : 0;
}

int set_vm(int session, int vm_fd, uint32_t flags)
{
	struct hcx_host_vm vm = { .fd = vm_fd, .flags = flags };

	return errno_of(ioctl(session, HCX_HOST_SET_VM, &vm));
}

int open_session(struct kvm_vm *vm)
{
	int session = open_device();

	must(set_vm(session, vm->fd, 0));
	return session;
}

int open_administrator(void)
{
	int all = open_device();

	must(set_vm(all, -1, HCX_HOST_ALL_VMS));
	return all;
}

int serve(int session, uint32_t nr, const char *name, uint32_t flags, uint32_t budget_ms)
{
	struct hcx_host_serve serve = { .nr = nr, .flags = flags, .budget_ms = budget_ms };

	strncpy(serve.name, name, HCX_NAME_LEN);
	return errno_of(ioctl(session, HCX_HOST_SERVE, &serve));
}

int end(int session, uint32_t nr)
{
	struct hcx_host_end end = { .nr = nr };

	return errno_of(ioctl(session, HCX_HOST_END, &end));
}

int doorbell(int session, uint32_t nr, const char *name, uint32_t flags, uint64_t value, int fd)
{
	struct hcx_host_doorbell doorbell = {
		.nr = nr, .flags = flags, .value = value, .fd = fd,
	};

	strncpy(doorbell.name, name, HCX_NAME_LEN);
	return errno_of(ioctl(session, HCX_HOST_DOORBELL, &doorbell));
}

int memory(int session, uint64_t id, uint64_t gpa, void *data, uint32_t len, uint32_t flags)
{
	struct hcx_host_memory memory = {
		.id = id, .gpa = gpa, .addr = (uintptr_t)data, .len = len, .flags = flags,
	};

	return errno_of(ioctl(session, HCX_HOST_MEMORY, &memory));
}

int respond(int session, uint64_t id, int64_t result)
{
	struct hcx_host_response response = { .id = id, .result = result };

	return errno_of(write(session, &response, sizeof(response)));
}

int rule(int session, const struct hcx_host_rule *rule)
{
	return errno_of(ioctl(session, HCX_HOST_RULE, rule));
}

int in_child(int (*run)(int session), int session)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(run(session));
	waitpid(pid, &status, 0);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void be_interrupted(int signal)
{
}

static void *interrupt(void *waiter)
{
	for (;;) {
		usleep(10000);
		pthread_kill(*(pthread_t *)waiter, SIGUSR1);
	}

	return NULL;
}

int interrupted(int (*wait)(int session), int session)
{
	const struct sigaction action = { .sa_handler = be_interrupted };
	pthread_t waiter = pthread_self(), interrupter;
	int ret;

	must(sigaction(SIGUSR1, &action, NULL) ? errno : 0);
	TEST_ASSERT(!pthread_create(&interrupter, NULL, interrupt, &waiter), "no thread");
	ret = wait(session);
	pthread_cancel(interrupter);
	pthread_join(interrupter, NULL);

	return ret;
}

struct hcx_host_request next_request(int session)
{
	struct hcx_host_request request;
	ssize_t size = read(session, &request, sizeof(request));

	TEST_ASSERT(size == sizeof(request), "read() returned %zd: %s", size, strerror(errno));
	return request;
}

void wait_for_calls(const char *name, unsigned int calls)
{
	struct counted counted;

	do {
		usleep(1000);
		counted_of(name, &counted);
	} while (counted.inside < calls);
	usleep(10000);	/* from its count to its wait */
}

static void *run_call(void *arg)
{
	struct caller *caller = arg;
	const uint64_t *args = caller->args;

	caller->rax = guest_call(caller->guest, caller->nr, args[0], args[1], args[2], args[3]);
	return NULL;
}

void start_call(struct caller *caller, struct guest *guest, uint64_t nr)
{
	caller->guest = guest;
	caller->nr = nr;
	TEST_ASSERT(!pthread_create(&caller->thread, NULL, run_call, caller), "no thread");
}

uint64_t join_call(struct caller *caller)
{
	pthread_join(caller->thread, NULL);
	return caller->rax;
}

void require_userfaultfd(void)
{
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		ksft_exit_skip("this kernel has no userfaultfd\n");
	close(fd);
}

struct stuck_page add_stuck_page(struct guest *guest, uint64_t gpa)
{
	struct kvm_userspace_memory_region region = {
		.slot = 5, .guest_phys_addr = gpa, .memory_size = 4096,
	};
	struct uffdio_register stuck = {
		.range.len = 4096, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	struct stuck_page page = { .fd = syscall(__NR_userfaultfd, O_CLOEXEC) };

	page.memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stuck.range.start = (uintptr_t)page.memory;
	region.userspace_addr = stuck.range.start;
	must(page.fd < 0 || ioctl(page.fd, UFFDIO_API, &api) ||
	     ioctl(page.fd, UFFDIO_REGISTER, &stuck) ||
	     ioctl(guest->vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ? errno : 0);

	return page;
}

void provide_stuck_page(const struct stuck_page *page)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)page->memory, .len = 4096 },
	};

	must(ioctl(page->fd, UFFDIO_ZEROPAGE, &zero) ? errno : 0);
}
