// SPDX-License-Identifier: GPL-2.0
/* Which VM may call which number: rules of VMMs, and the administrator's. */
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "session.h"

#define OPEN	0x50	/* what the handlers' numbers are, */
#define OPT_IN	0x51
#define ANSWER	0xa25	/* and what they answer */

#define VERB(v)	.verb = HCX_HOST_##v
#define ON(nr)	.first = nr, .last = nr
#define ALL	.subject = HCX_HOST_OF_EVERYONE
#define RULE(...) (&(const struct hcx_host_rule){ __VA_ARGS__ })

/* A guest that has not called anything, and a descriptor that is about it. */
static struct guest guest;
static int session;

static void fresh(void)
{
	guest_create(&guest, GUEST_LONG, 0);
	session = open_session(guest.vm);
}

static void done(void)
{
	close(session);
	guest_free(&guest);
}

/* What a VM of its own gets. */
static uint64_t call_fresh(uint64_t nr)
{
	struct guest other;
	uint64_t rax;

	guest_create(&other, GUEST_LONG, 0);
	rax = guest_call0(&other, nr);
	guest_free(&other);

	return rax;
}

static uint64_t discover(uint64_t what, uint64_t value)
{
	return guest_call(&guest, HCX_NR_DISCOVERY, what, value, 0, 0);
}

static void test_fields(int all)
{
	const struct { const char *what; struct hcx_host_rule vm, all; } wrong[] = {
		{ "an unknown verb", { .verb = 4, ON(OPEN) }, { .verb = 4, ON(OPEN), ALL } },
		{ "an unknown flag", { .flags = 4, ON(OPEN) }, { .flags = 4, ON(OPEN), ALL } },
		{ "a number of KVM's", { .first = 12, .last = 20 },
		  { .first = 12, .last = 20, ALL } },
		{ "one that is too large", { .first = 20, .last = 0x80000000 },
		  { .first = 20, .last = 0x80000000, ALL } },
		{ "the first behind the last", { .first = 21, .last = 20 },
		  { .first = 21, .last = 20, ALL } },
		{ "a rate that is too high", { ON(OPEN), .rate = HCX_HOST_RATE_MAX + 1 },
		  { ON(OPEN), .rate = HCX_HOST_RATE_MAX + 1, ALL } },
		{ "a burst that is too long",
		  { ON(OPEN), .rate = 1, .burst = HCX_HOST_RATE_MAX + 1 },
		  { ON(OPEN), .rate = 1, .burst = HCX_HOST_RATE_MAX + 1, ALL } },
		{ "a burst without a rate", { ON(OPEN), .burst = 1 },
		  { ON(OPEN), .burst = 1, ALL } },
		{ "a rate of what is denied", { VERB(DENY), ON(OPEN), .rate = 1 },
		  { VERB(DENY), ON(OPEN), .rate = 1, ALL } },
		{ "what means nothing", { VERB(ALLOW), ON(OPEN) },
		  { VERB(FORWARD), ON(OPEN), ALL } },
		{ "a wrong subject", { ON(OPEN), .subject = 1 }, { ON(OPEN), .subject = 4 } },
		{ "a wrong id", { ON(OPEN), .id = 1 }, { ON(OPEN), .subject = 3, .id = 1 } },
	};
	unsigned int i;

	fresh();
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		expect(rule(session, &wrong[i].vm), EINVAL, "%s, for a VM", wrong[i].what);
		expect(rule(all, &wrong[i].all), EINVAL, "%s, for all", wrong[i].what);
	}
	expect(rule(session, RULE(VERB(DENY), ON(OPEN), .flags = HCX_HOST_KEEP)), EINVAL,
	       "a VM's rule does not stay without it");
	expect(rule(all, RULE(ON(OPEN), .subject = HCX_HOST_OF_PROCESS, .id = 0x7fffffff)), ESRCH,
	       "no such process");
	expect(rule(all, RULE(ON(OPEN), .subject = HCX_HOST_OF_CGROUP, .id = all)), EBADF,
	       "no cgroup");
	expect(rule(all, RULE(ON(OPEN), .subject = HCX_HOST_OF_USER, .id = -1)), EINVAL, "no user");
	expect(rule(session, NULL), EFAULT, "no structure");
	expect(rule(session, RULE(ON(OPEN), .flags = HCX_HOST_REMOVE)), ENOENT, "no such rule");
	done();
}

/* Before its VM has called, and after. */
static void test_own(void)
{
	struct counted before, after;

	fresh();
	must(rule(session, RULE(VERB(DENY), .first = OPEN - 1, .last = OPEN + 1)));
	must(rule(session, RULE(VERB(HANDLE), ON(OPEN))));
	expect(guest_call0(&guest, OPEN), ANSWER, "the rule that was set last decides");
	must(rule(session, RULE(VERB(DENY), ON(OPEN))));
	counted_of("open", &before);
	expect(guest_call0(&guest, OPEN), ERR64(KVM_ENOSYS), "a number is denied while the VM runs");
	counted_of("open", &after);
	expect(after.denied - before.denied, 1, "that is counted");
	expect(discover(HCX_DISCOVER_NUMBER, OPEN), ERR64(KVM_ENOSYS), "the guest does not find it");
	expect(guest_find(&guest, "open"), ERR64(KVM_ENOSYS), "nor by its name");
	expect(call_fresh(OPEN), ANSWER, "another VM has it");
	expect(rule(session, RULE(VERB(HANDLE), ON(OPEN))), EBUSY, "later nothing is loosened");
	expect(rule(session, RULE(VERB(FORWARD), ON(OPEN))), EBUSY, "nor forwarded");
	expect(rule(session, RULE(VERB(DENY), ON(OPEN), .flags = HCX_HOST_REMOVE)), EBUSY,
	       "nor taken away");
	close(session);
	expect(guest_call0(&guest, OPEN), ERR64(KVM_ENOSYS), "nor undone by the descriptor's end");
	guest_free(&guest);

	fresh();
	must(rule(session, RULE(VERB(DENY), ON(OPEN))));
	expect(rule(session, RULE(VERB(DENY), ON(OPEN), .flags = HCX_HOST_REMOVE)), 0,
	       "before it calls a rule can be taken away");
	must(rule(session, RULE(VERB(DENY), ON(OPEN))));
	close(session);
	expect(guest_call0(&guest, OPEN), ANSWER, "or goes with the descriptor");
	guest_free(&guest);
}

static void test_full(void)
{
	int i, full;

	fresh();
	for (i = 0; i < HCX_HOST_VM_RULES_MAX; i++)
		must(rule(session, RULE(VERB(DENY), ON(OPEN + 10 + i))));
	full = rule(session, RULE(VERB(DENY), ON(OPEN)));
	expect(full, ENOSPC, "a VM has so many rules");
	expect(rule(session, RULE(VERB(FORWARD), ON(OPEN + 10))), 0, "which can be replaced");
	done();
}

static void test_opt_in(int all)
{
	expect(call_fresh(OPT_IN), ERR64(KVM_ENOSYS), "what is opt-in is denied");
	fresh();
	expect(discover(HCX_DISCOVER_NUMBER, OPT_IN), ERR64(KVM_ENOSYS), "and not found");
	expect(rule(session, RULE(VERB(HANDLE), ON(OPT_IN))), EPERM, "a VMM cannot open it");
	expect(serve(session, OPT_IN + 1, "own", HCX_OPT_IN, 0), EINVAL, "nor have it in its VM alone");
	must(rule(all, RULE(VERB(HANDLE), ON(OPT_IN), ALL)));
	expect(guest_call0(&guest, OPT_IN), ANSWER, "the administrator opens it at any time");
	expect(discover(HCX_DISCOVER_NUMBER, OPT_IN), 0, "it is found");
	must(rule(all, RULE(VERB(HANDLE), ON(OPT_IN), ALL,
			    .flags = HCX_HOST_REMOVE)));
	expect(guest_call0(&guest, OPT_IN), ERR64(KVM_ENOSYS), "and closes it");

	must(rule(all, RULE(VERB(ALLOW), ON(OPT_IN), ALL)));
	expect(guest_call0(&guest, OPT_IN), ERR64(KVM_ENOSYS), "what is allowed is not open");
	expect(rule(session, RULE(VERB(HANDLE), ON(OPT_IN))), EBUSY, "nor opened once the VM has called");
	done();
	fresh();
	must(rule(session, RULE(VERB(HANDLE), ON(OPT_IN))));
	expect(guest_call0(&guest, OPT_IN), ANSWER, "but before");
	must(rule(all, RULE(VERB(DENY), ON(OPT_IN), ALL)));
	expect(guest_call0(&guest, OPT_IN), ERR64(KVM_ENOSYS), "the administrator's word is the last");
	must(rule(all, RULE(VERB(ALLOW), ON(OPT_IN), ALL)));
	expect(rule(session, RULE(VERB(HANDLE), ON(OPT_IN), .rate = 1000)), 0,
	       "what is open can be limited");
	expect(guest_call0(&guest, OPT_IN), ANSWER, "and stays open");
	close(session);
	expect(guest_call0(&guest, OPT_IN), ERR64(KVM_ENOSYS), "until the descriptor's end");
	guest_free(&guest);
	fresh();
	expect(discover(HCX_DISCOVER_NUMBER, OPT_IN), ERR64(KVM_ENOSYS), "in a VM that has called");
	must(rule(session, RULE(VERB(HANDLE), ON(OPT_IN), .rate = 1000)));
	expect(guest_call0(&guest, OPT_IN), ERR64(KVM_ENOSYS), "a limit opens nothing");
	done();
	must(rule(all, RULE(ON(OPT_IN), ALL, .flags = HCX_HOST_REMOVE)));
}

static int call_as_nobody(int unused)
{
	if (setgid(65534) || setuid(65534))
		return 255;
	return call_fresh(OPEN) == ANSWER;
}

static int call_as_root(int unused)
{
	return call_fresh(OPEN) == ANSWER;
}

static void test_users(int all)
{
	must(chmod("/dev/kvm", 0666));
	must(rule(all, RULE(VERB(DENY), ON(OPEN), .subject = HCX_HOST_OF_USER, .id = 65534)));
	expect(in_child(call_as_nobody, -1), 0, "a user's VMs are denied a number");
	expect(in_child(call_as_root, -1), 1, "another's are not");
	must(rule(all, RULE(VERB(HANDLE), ON(OPEN), .subject = HCX_HOST_OF_USER, .id = 65534)));
	expect(in_child(call_as_nobody, -1), 1, "a rule is replaced");
	must(rule(all, RULE(VERB(DENY), ON(OPEN), ALL)));
	expect(in_child(call_as_nobody, -1), 1, "a user's comes before everyone's");
	expect(in_child(call_as_root, -1), 0, "which is the others'");
	must(rule(all, RULE(VERB(DENY), ON(OPEN), .subject = HCX_HOST_OF_PROCESS, .id = getpid())));
	must(rule(all, RULE(VERB(HANDLE), ON(OPEN), .subject = HCX_HOST_OF_USER)));
	expect(call_fresh(OPEN), ERR64(KVM_ENOSYS), "a process's comes before a user's");
	expect(in_child(call_as_root, -1), 1, "and is no other's");
}

#define PARENT	CGROUPS "/parent"
#define CHILD	PARENT "/child"

static int enter_and_call(int unused)
{
	FILE *procs = fopen(CHILD "/cgroup.procs", "w");

	if (!procs || fprintf(procs, "%d", getpid()) < 0 || fclose(procs))
		return 255;
	return call_fresh(OPEN) == ANSWER;
}

static void test_cgroups(int all)
{
	int parent;

	mount_cgroups();
	must(mkdir(PARENT, 0700) || mkdir(CHILD, 0700) ? errno : 0);
	parent = open(PARENT, O_RDONLY | O_DIRECTORY);
	must(rule(all, RULE(VERB(DENY), ON(OPEN), .subject = HCX_HOST_OF_CGROUP, .id = parent)));
	expect(in_child(enter_and_call, -1), 0, "a cgroup's VMs are denied, and those below");
	expect(in_child(call_as_root, -1), 1, "others are not");
	close(parent);
	must(rmdir(CHILD) || rmdir(PARENT) ? errno : 0);
	umount_cgroups();
}

/* More rules than there can be, about processes that have ended. */
static void test_ended(void)
{
	int all = open_administrator(), i, refused = 0;
	pid_t pid;

	for (i = 0; i < HCX_HOST_RULES_MAX + 1; i++) {
		pid = fork();
		if (!pid)
			_exit(0);
		refused += !!rule(all, RULE(VERB(DENY), ON(OPEN), .flags = HCX_HOST_KEEP,
					    .subject = HCX_HOST_OF_PROCESS, .id = pid));
		waitpid(pid, NULL, 0);
	}
	expect(refused, 0, "rules about processes that have ended make room");
	close(all);
}

static bool has_rule_about(pid_t pid)
{
	char text[64];
	bool found = false;
	FILE *rules = fopen(TABLES "rules", "r");
	char line[256];

	TEST_ASSERT(rules, "debugfs is not mounted");
	snprintf(text, sizeof(text), "process %d ", pid);
	while (fgets(line, sizeof(line), rules))
		found |= !strncmp(line, text, strlen(text));
	fclose(rules);

	return found;
}

/* Ends, and leaves its VM to a process that stays until the other end of @pipe is closed. */
static void leave_vm(int pipe)
{
	char byte;

	fresh();
	guest_call0(&guest, HCX_NR_DISCOVERY);
	if (fork())
		_exit(0);
	close(session);
	must(read(pipe, &byte, 1) ? EIO : 0);
	_exit(0);
}

/* Each rule that is set has those taken away whose process and VMs are gone. */
static void *set_rules(void *unused)
{
	int all = open_administrator(), i;

	for (i = 0; i < 500; i++)
		must(rule(all, RULE(VERB(DENY), ON(OPEN + 1), ALL)));
	close(all);

	return NULL;
}

static void test_outlived(void)
{
	int all = open_administrator(), ends[2];
	pthread_t threads[3];
	unsigned int i;
	pid_t pid;

	must(pipe(ends) ? errno : 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(ends[1]);
		leave_vm(ends[0]);
	}
	must(rule(all, RULE(VERB(DENY), ON(OPEN), .subject = HCX_HOST_OF_PROCESS, .id = pid)));
	waitpid(pid, NULL, 0);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, set_rules, NULL);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	expect(has_rule_about(pid), true, "a rule stays with a VM that outlives its process");
	close(ends[0]);
	close(ends[1]);
	close(all);
}

static void test_keep(void)
{
	int all = open_administrator();

	must(rule(all, RULE(VERB(DENY), ON(OPEN), ALL)));
	close(all);
	expect(call_fresh(OPEN), ANSWER, "a rule goes with its descriptor");
	all = open_administrator();
	must(rule(all, RULE(VERB(DENY), ON(OPEN), ALL,
			    .flags = HCX_HOST_KEEP)));
	close(all);
	expect(call_fresh(OPEN), ERR64(KVM_ENOSYS), "unless it is to stay");
	all = open_administrator();
	expect(rule(all, RULE(ON(OPEN), ALL, .flags = HCX_HOST_REMOVE)), 0,
	       "another takes it away");
	expect(call_fresh(OPEN), ANSWER, "for good");
	close(all);
}

int main(void)
{
	int all;

	require_hcx(30 + 12 + 2 + 16 + 7 + 2 + 1 + 1 + 4);
	must_control("register open %#x 0 value %#x", OPEN, ANSWER);
	must_control("register opt-in %#x %#x value %#x", OPT_IN, HCX_OPT_IN, ANSWER);
	all = open_administrator();

	test_fields(all);
	test_own();
	test_full();
	test_opt_in(all);
	test_users(all);
	close(all);
	all = open_administrator();
	test_cgroups(all);
	close(all);
	test_ended();
	test_outlived();
	test_keep();

	must_control("unregister open");
	must_control("unregister opt-in");
	ksft_finished();
}
