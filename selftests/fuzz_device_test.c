// SPDX-License-Identifier: GPL-2.0
/*
 * Random use of /dev/kvm_hcx and of the core's other files, by root and by those who are not:
 * each operation is held against what uapi/linux/hcx_host.h says of it. What is refused changes
 * nothing, nobody gets what is not for him, and in the end nothing is left.
 *
 * fuzz_device_test [OPERATIONS [SEED]]
 */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fuzz_device.h"

#define USER	65534
#define GROUP	65534	/* the device's, meanwhile */
#define CGROUP	CGROUPS "/fuzz"
#define RESULTS_OF_USER	3

static void lose_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2];

	must(syscall(SYS_capget, &header, sets) ? errno : 0);
	sets[0].effective &= ~(1U << CAP_SYS_ADMIN);
	sets[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	must(syscall(SYS_capset, &header, sets) ? errno : 0);
}

static void be_user(gid_t group)
{
	must(setgroups(0, NULL) || setresgid(group, group, group) || setresuid(USER, USER, USER) ?
	     errno : 0);
}

static void be_in_group(void)
{
	be_user(GROUP);
}

static void be_another(void)
{
	be_user(GROUP - 1);
}

static void be_root_of_his_own(void)
{
	be_user(GROUP);
	must(unshare(CLONE_NEWUSER) ? errno : 0);
}

/* What takes a file that some kernels do not have. */
static const struct {
	const char *what, *takes;
	void (*become)(void);
	struct user may;
} users[] = {
	{ "root", NULL, NULL, { true, true, true } },
	{ "root without CAP_SYS_ADMIN", NULL, lose_admin, { true, false, true } },
	{ "a user of the device's group", NULL, be_in_group, { false, false, true } },
	{ "a user who has it from another", NULL, be_another, { false, false, false } },
	{ "root of a user namespace", "/proc/self/ns/user", be_root_of_his_own,
	  { false, false, true } },
};

static struct shared *shared;
static int cgroup;

/* Those that were to stay; anyone who is about all VMs can take them away. */
static void remove_rules(void)
{
	int all = open_administrator(), i;

	for (i = 0; i < RULES; i++) {
		if (!shared->rules[i].is_there || shared->rules[i].by)
			continue;
		must(rule(all, &shared->rules[i].key));
		shared->rules[i].is_there = false;
	}
	close(all);
}

/* At last: VMs go when their last user has. */
static bool is_as_before(const struct tables *then, long uses)
{
	static struct tables now;
	int i;

	for (i = 0; i < 100; i++) {
		look_at_tables(&now);
		if (are_same_tables(&now, then) && uses_of_core() == uses)
			return true;
		usleep(100000);
	}
	ksft_print_msg("the core's use count is %ld, and was %ld\n%s%s", uses_of_core(), uses,
		       now.handlers, now.rules);

	return false;
}

static bool answers(void)
{
	struct guest guest;
	uint64_t value, opt_in;

	guest_create(&guest, GUEST_LONG, 0);
	value = guest_call0(&guest, VALUE_NR);
	opt_in = guest_call0(&guest, OPT_IN_NR);
	guest_free(&guest);

	return value == VALUE && opt_in == ERR64(KVM_ENOSYS);
}

static int open_nonblocking(void)
{
	int fd = open_device();

	must(fcntl(fd, F_SETFL, O_NONBLOCK) ? errno : 0);
	return fd;
}

static struct user make_user(int i, const struct guest *guest)
{
	struct user user = users[i].may;
	int j;

	for (j = 0; j < INHERITED; j++)
		user.unset[j] = open_nonblocking();
	user.parents = open_nonblocking();
	must(set_vm(user.parents, guest->vm->fd, 0));
	user.vm = guest->vm;
	user.vcpu = guest->vcpu->fd;
	user.cgroup = cgroup;

	return user;
}

static void end_user(const struct user *user)
{
	int i;

	for (i = 0; i < INHERITED; i++)
		close(user->unset[i]);
	close(user->parents);
}

static int run_user(int i, const struct user *user, unsigned int operations, uint64_t seed)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (users[i].become)
			users[i].become();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		status = !!use_device(user, shared, operations, seed * ARRAY_SIZE(users) + i);
		fflush(stdout);
		_exit(status);
	}
	waitpid(pid, &status, 0);

	return status;
}

static void test_user(int i, unsigned int operations, uint64_t seed)
{
	static struct tables then;
	long uses = uses_of_core();
	struct guest guest;
	struct user user;

	look_at_tables(&then);
	guest_create(&guest, GUEST_LONG, 0);
	user = make_user(i, &guest);
	expect(run_user(i, &user, operations, seed), 0, "%u operations by %s", operations,
	       users[i].what);
	end_user(&user);
	guest_free(&guest);
	remove_rules();
	reset_files();
	expect(is_as_before(&then, uses), true, "nothing of it is left");
	expect(answers(), true, "guests are answered as before");
}

/* What never succeeded was not tried as it should be. */
static void test_done(void)
{
	bool all = shared->requests && shared->answers && shared->files;
	int i;

	for (i = 0; i < IOCTLS; i++) {
		ksft_print_msg("ioctl %d: %u done\n", i, shared->done[i]);
		all &= shared->done[i] > 0;
	}
	ksft_print_msg("%u requests, %u answers, %u files, %u ioctls by the 32-bit entry\n",
		       shared->requests, shared->answers, shared->files, shared->compat);
	expect(all, true, "each of the operations has succeeded");
}

static void skip_user(int i)
{
	int result;

	for (result = 0; result < RESULTS_OF_USER; result++)
		ksft_test_result_skip("%s: there is no %s\n", users[i].what, users[i].takes);
}

/* Who may open the device is asked, and not who may open /dev/kvm. */
static void test_users(unsigned int operations, uint64_t seed)
{
	struct stat device, kvm;
	unsigned int i;

	must(stat(HCX_HOST_PATH, &device) || stat("/dev/kvm", &kvm) ||
	     chown(HCX_HOST_PATH, device.st_uid, GROUP) || chmod("/dev/kvm", 0666) ? errno : 0);
	for (i = 0; i < ARRAY_SIZE(users); i++) {
		if (users[i].takes && access(users[i].takes, F_OK))
			skip_user(i);
		else
			test_user(i, operations, seed);
	}
	must(chown(HCX_HOST_PATH, device.st_uid, device.st_gid) ||
	     chmod("/dev/kvm", kvm.st_mode & 07777) ? errno : 0);
}

int main(int argc, char **argv)
{
	unsigned int operations = argc > 1 ? atoi(argv[1]) : 800;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	require_hcx(RESULTS_OF_USER * ARRAY_SIZE(users) + 2);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	TEST_ASSERT(shared != MAP_FAILED, "no memory");
	must_control("register value %#x 0 value %#x", VALUE_NR, VALUE);
	must_control("register opt-in %#x %#x value %#x", OPT_IN_NR, HCX_OPT_IN, VALUE);
	open_tables();
	find_files();
	mount_cgroups();
	must(mkdir(CGROUP, 0700) ? errno : 0);
	cgroup = open(CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	test_users(operations, seed);
	test_done();
	close(cgroup);
	must(rmdir(CGROUP) ? errno : 0);
	umount_cgroups();
	close_tables();
	must_control("unregister value");
	must_control("unregister opt-in");
	expect(system("rmmod " OTHER_MODULES " kvm_hcx && modprobe -a kvm_hcx " OTHER_MODULES), 0,
	       "the core can be unloaded, and loaded again");
	ksft_finished();
}
