// SPDX-License-Identifier: GPL-2.0
/* /dev/kvm_hcx: who may set up what, every field wrong, and what a descriptor's end undoes. */
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "session.h"

#define NR	0x40
#define OTHER	0x41

static struct guest guest;

static int raw(int session, unsigned long cmd, const void *arg)
{
	return ioctl(session, cmd, arg) < 0 ? errno : 0;
}

static void test_unset(void)
{
	struct hcx_host_request request;
	int session = open_device();

	must(fcntl(session, F_SETFL, O_NONBLOCK) ? errno : 0);
	expect(read(session, &request, sizeof(request)) < 0 ? errno : 0, EAGAIN,
	       "without a VM no request is read");
	expect(ioctl(session, HCX_HOST_VERSION), HCX_HOST_API_VERSION, "the version is told");
	expect(serve(session, NR, "a", 0, 0), ENOTCONN, "without a VM nothing is served");
	expect(doorbell(session, NR, "a", 0, 0, 0), ENOTCONN, "nor has a doorbell");
	expect(end(session, NR), ENOTCONN, "nor ends");
	expect(raw(session, _IO(0xbc, 0xff), NULL), ENOTTY, "an unknown ioctl");
	expect(raw(session, HCX_HOST_SET_VM, NULL), EFAULT, "no structure");
	expect(set_vm(session, guest.vm->fd, 2), EINVAL, "an unknown flag");
	expect(set_vm(session, guest.vm->fd, HCX_HOST_ALL_VMS), EINVAL, "one VM and all");
	expect(set_vm(session, -1, 0), EBADF, "no descriptor");
	expect(set_vm(session, guest.vcpu->fd, 0), EBADF, "a vCPU's");
	expect(set_vm(session, session, 0), EBADF, "its own");
	expect(set_vm(session, guest.vm->fd, 0), 0, "a VM's");
	expect(set_vm(session, guest.vm->fd, 0), EISCONN, "a VM is set once");
	expect(set_vm(session, -1, HCX_HOST_ALL_VMS), EISCONN, "and so are all");
	close(session);
}

static int serve_raw(int session, uint32_t nr, uint32_t flags, uint32_t budget_ms,
		     uint32_t reserved, const char *name)
{
	struct hcx_host_serve serve = {
		.nr = nr, .flags = flags, .budget_ms = budget_ms, .reserved = reserved,
	};

	memcpy(serve.name, name, HCX_NAME_LEN);
	return raw(session, HCX_HOST_SERVE, &serve);
}

static void test_fields(int session)
{
	static const char good[HCX_NAME_LEN] = "name", long_name[] = "0123456789abcdef";
	static const char behind[HCX_NAME_LEN] = "name\0x", upper[HCX_NAME_LEN] = "Name";
	static const char empty[HCX_NAME_LEN] = "";
	struct hcx_host_end end_flags = { .nr = NR, .flags = 1 };
	struct hcx_host_doorbell bell = { .nr = NR, .fd = 0, .reserved = 1, .name = "bell" };
	int log = log_mark();

	expect(serve_raw(session, 12, 0, 0, 0, good), EINVAL, "a number of KVM's");
	expect(serve_raw(session, 0x80000000, 0, 0, 0, good), EINVAL, "one that is too large");
	expect(serve_raw(session, HCX_NR_DISCOVERY, 0, 0, 0, good), EINVAL, "discovery's");
	expect(serve_raw(session, HCX_NR_ALLOTTED_LAST, 0, 0, 0, good), EINVAL, "an allotted one");
	expect(serve_raw(session, NR, 1 << 8, 0, 0, good), EINVAL, "an unknown flag");
	expect(serve_raw(session, NR, 1 << 16, 0, 0, good), EINVAL, "a doorbell's flag");
	expect(serve_raw(session, NR, 0, 15001, 0, good), EINVAL, "a budget that is too long");
	expect(serve_raw(session, NR, 0, 0, 1, good), EINVAL, "what is reserved");
	expect(serve_raw(session, NR, 0, 0, 0, behind), EINVAL, "something behind the name");
	expect(serve_raw(session, NR, 0, 0, 0, upper), EINVAL, "a name with a wrong character");
	expect(serve_raw(session, NR, 0, 0, 0, empty), EINVAL, "no name");
	expect(serve_raw(session, NR, 0, 15000, 0, long_name), 0, "a name of full length");
	expect(raw(session, HCX_HOST_END, &end_flags), EINVAL, "an unknown flag at the end");
	must(end(session, NR));
	expect(raw(session, HCX_HOST_DOORBELL, &bell), EINVAL, "what a doorbell has reserved");
	expect(raw(session, HCX_HOST_SERVE, NULL), EFAULT, "no structure to serve");
	expect(raw(session, HCX_HOST_MEMORY, NULL), EFAULT, "nor for memory");
	expect(log_lines(log, "hcx"), 0, "nothing of it is in the kernel log");
	close(log);
}

static void test_allotted(int session)
{
	struct hcx_host_serve serve = { .nr = HCX_NR_ANY, .name = "allotted" };
	void *read_only = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(raw(session, HCX_HOST_SERVE, &serve));
	expect(serve.nr > HCX_NR_ALLOTTED_FIRST && serve.nr <= HCX_NR_ALLOTTED_LAST, 1,
	       "a number can be allotted");
	expect(guest_find(&guest, "allotted"), serve.nr, "the guest finds it by its name");
	must(end(session, serve.nr));
	expect(guest_find(&guest, "allotted"), ERR64(KVM_ENOSYS), "but not when it has ended");

	serve.nr = HCX_NR_ANY;
	memcpy(read_only, &serve, sizeof(serve));
	must(mprotect(read_only, 4096, PROT_READ) ? errno : 0);
	expect(raw(session, HCX_HOST_SERVE, read_only), EFAULT,
	       "who cannot be told the number does not get one");
	expect(guest_find(&guest, "allotted"), ERR64(KVM_ENOSYS), "at all");
	munmap(read_only, 4096);
}

static void fill(int session)
{
	char name[HCX_NAME_LEN];
	int i;

	for (i = 0; i < HCX_HOST_HANDLERS_MAX; i++) {
		sprintf(name, "n%d", i);
		must(serve(session, 0x1000 + i, name, 0, 0));
	}
}

static void test_limits(void)
{
	int all = open_device(), first = open_session(guest.vm), second = open_session(guest.vm);

	must(set_vm(all, -1, HCX_HOST_ALL_VMS));
	fill(all);
	expect(serve(all, NR, "more", 0, 0), ENOSPC, "a descriptor has so many numbers");
	close(all);
	fill(first);
	expect(serve(second, NR, "more", 0, 0), ENOSPC, "and a VM");
	close(first);
	expect(serve(second, NR, "more", 0, 0), 0, "those that are closed make room");
	close(second);
}

static int take_vm(int session)
{
	return set_vm(session, guest.vm->fd, 0);
}

static int take_all_as_nobody(int session)
{
	if (setgid(65534) || setuid(65534))
		return 255;
	return set_vm(session, -1, HCX_HOST_ALL_VMS);
}

static int open_as_nobody(int session)
{
	if (setgid(65534) || setuid(65534))
		return 255;
	return open(HCX_HOST_PATH, O_RDWR) < 0 ? errno : 0;
}

static void test_who(void)
{
	int session = open_device();

	expect(in_child(open_as_nobody, -1), EACCES, "only who may open the device can use it");
	expect(in_child(take_all_as_nobody, session), EPERM, "all VMs are root's");
	expect(in_child(take_vm, session), EPERM, "another process's VM is not to be had");
	close(session);
}

static int serve_in_child(int session)
{
	return serve(session, NR, "child", 0, 0);
}

static int answer_in_child(int session)
{
	return respond(session, next_request(session).id, 0xc41d);
}

/* Another descriptor of the same open file, through a socket. */
static int pass_along(int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int sockets[2], passed;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) ? errno : 0);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	must(sendmsg(sockets[0], &message, 0) == 1 ? 0 : errno);
	must(recvmsg(sockets[1], &message, 0) == 1 ? 0 : errno);
	memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	close(sockets[0]);
	close(sockets[1]);

	return passed;
}

static void test_shared(void)
{
	int session = open_session(guest.vm), duplicate, passed;
	struct caller caller = {};

	expect(in_child(serve_in_child, session), 0, "a child can set up");
	start_call(&caller, &guest, NR);
	expect(in_child(answer_in_child, session), 0, "and answer");
	expect(join_call(&caller), 0xc41d, "it is the parent's VM");

	duplicate = dup(session);
	passed = pass_along(session);
	close(session);
	start_call(&caller, &guest, NR);
	respond(passed, next_request(duplicate).id, 0xd0b);
	expect(join_call(&caller), 0xd0b, "so can who has it by dup() or SCM_RIGHTS");
	close(duplicate);
	start_call(&caller, &guest, NR);
	respond(passed, next_request(passed).id, 1);
	expect(join_call(&caller), 1, "up to the last");
	close(passed);
	expect(guest_call0(&guest, NR), ERR64(KVM_ENOSYS), "which takes the numbers along");
}

static int exec_with(int session)
{
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", session);
	execl("/proc/self/exe", "session_test", fd, NULL);
	return 255;
}

/* main() of what exec_with() starts. */
static int main_after_exec(const char *fd)
{
	return serve(atoi(fd), NR, "exec", 0, 0);
}

static void test_exec(void)
{
	int session = open_session(guest.vm), kept = dup(session);

	expect(in_child(exec_with, session), EBADF, "exec() closes what is O_CLOEXEC");
	expect(in_child(exec_with, kept), 0, "and leaves what is not, which is as good");
	close(session);
	close(kept);
}

/* Does what it can, and stays. */
static void be_another_user(void)
{
	const struct hcx_host_rule deny = {
		.verb = HCX_HOST_DENY, .first = OTHER, .last = OTHER,
	};
	int session;

	if (setgid(65534) || setuid(65534))
		_exit(255);
	guest_create(&guest, GUEST_LONG, 0);
	session = open_session(guest.vm);
	must(serve(session, NR, "theirs", 0, 0));
	must(rule(session, &deny));
	raise(SIGSTOP);
	_exit(0);
}

static void test_two_users(void)
{
	pid_t pid;

	must(chmod(HCX_HOST_PATH, 0666) || chmod("/dev/kvm", 0666) ? errno : 0);
	must_control("register everyones %#x 0 value 7", OTHER);
	fflush(stdout);
	pid = fork();
	if (!pid)
		be_another_user();
	waitpid(pid, NULL, WUNTRACED);
	expect(guest_call0(&guest, NR), ERR64(KVM_ENOSYS), "what another user answers is not ours");
	expect(guest_call0(&guest, OTHER), 7, "what he denies is");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	must_control("unregister everyones");
	must(chmod(HCX_HOST_PATH, 0660) ? errno : 0);
}

static int is_busy, is_over;

/* Takes one of two doorbells away, again and again: it waits, and who comes next has to wait. */
static void *keep_busy(void *arg)
{
	int session = *(int *)arg, bell = eventfd(0, EFD_CLOEXEC);

	while (!__atomic_load_n(&is_over, __ATOMIC_SEQ_CST)) {
		must(doorbell(session, OTHER, "busy", HCX_HOST_VALUE, 1, bell));
		must(doorbell(session, OTHER, "busy", HCX_HOST_VALUE, 2, bell));
		__atomic_store_n(&is_busy, 1, __ATOMIC_SEQ_CST);
		must(doorbell(session, OTHER, "", HCX_HOST_VALUE | HCX_HOST_DEASSIGN, 1, bell));
		__atomic_store_n(&is_busy, 0, __ATOMIC_SEQ_CST);
		must(end(session, OTHER));
	}
	close(bell);

	return NULL;
}

/* Until a signal comes just as it waits: where one thread emulates all CPUs, few do. */
static int serve_often(int session)
{
	int error = 0, tries;

	for (tries = 0; tries < 20000 && !error; tries++) {
		while (!__atomic_load_n(&is_busy, __ATOMIC_SEQ_CST))
			usleep(100);
		error = serve(session, NR, "waits", 0, 0);
		if (!error)
			while (end(session, NR) == EINTR)
				;
	}

	return error;
}

static void test_signal(void)
{
	int session = open_session(guest.vm);
	pthread_t busy;

	TEST_ASSERT(!pthread_create(&busy, NULL, keep_busy, &session), "no thread");
	expect(interrupted(serve_often, session), EINTR, "a signal ends the wait for another thread");
	expect(end(session, NR), ENOENT, "and nothing has been set up");
	__atomic_store_n(&is_over, 1, __ATOMIC_SEQ_CST);
	pthread_join(busy, NULL);
	close(session);
}

/* What the core's own table tells of numbers that programs answer, whatever their names are. */
static void test_table(int session)
{
	char command[128], line[256] = "";
	FILE *table;

	must(prctl(PR_SET_NAME, "a\033[2J b\n") ? errno : 0);
	must(serve(session, NR, "in-table", 0, 70));
	snprintf(command, sizeof(command), "grep ' in-table ' " TABLES "handlers");
	table = popen(command, "r");
	TEST_ASSERT(table && fgets(line, sizeof(line), table), "not in the table");
	pclose(table);
	snprintf(command, sizeof(command), " %d/a?[2J?b? ", getpid());
	ksft_print_msg("%s", line);
	expect(!!strstr(line, command), 1, "the table tells whose it is, in what prints");
	must(end(session, NR));
}

static void test_many_vms(void)
{
	const struct rlimit files = { 4096, 4096 };
	int i, session, wrong = 0;
	struct guest many;

	must(setrlimit(RLIMIT_NOFILE, &files) ? errno : 0);
	/* More than there may be of anything. */
	for (i = 0; i < 300; i++) {
		guest_create_vm(&many);
		session = open_session(many.vm);
		wrong += !!serve(session, NR, "many", 0, 0);
		if (i % 2)
			close(session);
		guest_free(&many);
		if (!(i % 2))
			close(session);
	}
	expect(wrong, 0, "300 VMs come and go");
}

int main(int argc, char **argv)
{
	int session;

	if (argc > 1)
		return main_after_exec(argv[1]);
	require_hcx(57);
	guest_create(&guest, GUEST_LONG, 0);

	test_unset();
	session = open_session(guest.vm);
	test_fields(session);
	test_allotted(session);
	test_table(session);
	close(session);
	test_limits();
	test_who();
	test_shared();
	test_exec();
	test_two_users();
	test_signal();
	test_many_vms();

	guest_free(&guest);
	ksft_finished();
}
