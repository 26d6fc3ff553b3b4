// SPDX-License-Identifier: GPL-2.0
/*
 * A storm: the vCPUs of two VMs call, while handlers are registered, replaced and
 * unregistered, rules set and taken away, modules are loaded and unloaded, the core among them,
 * VMMs serve and are killed, memory changes, functions are traced, CPUs go and come back. Each
 * answer has to be one that was possible during the call, and in the end no call is lost.
 *
 * soak_test [SECONDS [SEED]]; make soak runs it for long, and with a handler in BPF. First it does
 * each thing once, which takes its time, and then at random for so long.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "soak.h"

static struct soak_shared *shared;
static uint64_t random_state, value, changes;
static int all_vms;

/* What is registered for a number now. */
static struct {
	bool registered, opt_in;
	char name[HCX_NAME_LEN];
	uint64_t answer;
} turns[SOAK_TURNS];

static struct {
	pid_t pid;
	int id;
} vmms[SOAK_VMS];
static int next_id;
static pid_t reader;

static bool timing, cpu_is_off;

unsigned int soak_below(unsigned int limit)
{
	return random_below(&random_state, limit);
}

void soak_run(const char *command)
{
	int status = system(command);

	TEST_ASSERT(!status, "%s: status %#x", command, status);
}

bool soak_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	if (fd < 0 && errno == ENOENT)
		return false;
	TEST_ASSERT(fd >= 0 && write(fd, text, strlen(text)) > 0, "%s > %s: %s", text, path,
		    strerror(errno));
	close(fd);

	return true;
}

static void check_process(pid_t pid, const char *what)
{
	int status;

	if (pid && waitpid(pid, &status, WNOHANG))
		TEST_FAIL("%s ended early, with status %#x", what, status);
}

/* Who waits for one of the storm's processes waits for ever if that has failed. */
static void check_processes(void)
{
	int vm;

	for (vm = 0; vm < SOAK_VMS; vm++)
		check_process(vmms[vm].pid, "a VMM");
	check_process(reader, "the reader");
}

static void wait_a_moment(void)
{
	usleep(1000);
	check_processes();
}

static void begin_in(int vm, int i)
{
	bool answers = turns[i].registered && soak_is_open(i, vm, turns[i].opt_in);

	soak_begin(&shared->turns[vm][i], answers ? turns[i].answer : SOAK_ABSENT);
}

/* A change, from when it is decided to when it has been made. */
static void begin(int i)
{
	int vm;

	changes++;
	for (vm = 0; vm < SOAK_VMS; vm++)
		begin_in(vm, i);
}

static void finish(int i)
{
	int vm;

	for (vm = 0; vm < SOAK_VMS; vm++)
		soak_end(&shared->turns[vm][i]);
}

static void begin_all(void)
{
	int i;

	for (i = 0; i < SOAK_TURNS; i++)
		begin(i);
}

static void finish_all(void)
{
	int i;

	for (i = 0; i < SOAK_TURNS; i++)
		finish(i);
}

/* By a command to hcx_test.ko, "register" or "replace OLD". */
static void new_handler(int i, const char *command, bool opt_in)
{
	turns[i].registered = true;
	turns[i].opt_in = opt_in;
	turns[i].answer = i == SOAK_FILL ? 0 : ++value;
	snprintf(turns[i].name, sizeof(turns[i].name), "s%d.%lu", i, changes);
	begin(i);
	must_control("%s %s %d %d %s %lu", command, turns[i].name, soak_nr(i),
		     opt_in ? HCX_OPT_IN : 0, i == SOAK_FILL ? "fill" : "value",
		     turns[i].answer);
	finish(i);
}

static void new_handler_in_bpf(bool replace)
{
	turns[SOAK_BPF].registered = true;
	turns[SOAK_BPF].answer = soak_below(SOAK_BPF_OBJECTS);
	begin(SOAK_BPF);
	soak_attach_bpf(replace, turns[SOAK_BPF].answer);
	finish(SOAK_BPF);
}

static void register_turn(int i, bool opt_in)
{
	if (i == SOAK_BPF)
		new_handler_in_bpf(false);
	else
		new_handler(i, "register", opt_in);
}

static void replace_turn(int i, bool opt_in)
{
	char command[32];

	snprintf(command, sizeof(command), "replace %s", turns[i].name);
	if (i == SOAK_BPF)
		new_handler_in_bpf(true);
	else
		new_handler(i, command, opt_in);
}

static void unregister_turn(int i)
{
	turns[i].registered = false;
	begin(i);
	if (i == SOAK_BPF)
		soak_detach_bpf();
	else
		must_control("unregister %s", turns[i].name);
	finish(i);
}

/* Each says whether the number was in a state in which it can be done. */
static bool try_register(int i)
{
	bool opt_in = !soak_below(4);

	if (turns[i].registered)
		return false;
	register_turn(i, opt_in);

	return true;
}

static bool try_replace(int i)
{
	bool opt_in = !soak_below(4);

	if (!turns[i].registered)
		return false;
	replace_turn(i, opt_in);

	return true;
}

static bool try_unregister(int i)
{
	if (!turns[i].registered)
		return false;
	unregister_turn(i);

	return true;
}

static bool register_one(void)
{
	return try_register(soak_below(SOAK_BPF));
}

static bool replace_one(void)
{
	return try_replace(soak_below(SOAK_BPF));
}

static bool unregister_one(void)
{
	return try_unregister(soak_below(SOAK_BPF));
}

static bool attach_bpf(void)
{
	return try_register(SOAK_BPF);
}

static bool replace_bpf(void)
{
	return try_replace(SOAK_BPF);
}

static bool detach_bpf(void)
{
	return try_unregister(SOAK_BPF);
}

static void set_rule(int i, const struct hcx_host_rule *wanted)
{
	begin(i);
	must(rule(all_vms, wanted));
	finish(i);
}

static bool change_rule(void)
{
	int i = soak_below(SOAK_TURNS);
	struct hcx_host_rule wanted = soak_plan_rule(i);

	set_rule(i, &wanted);
	return true;
}

static void remove_rules(int i)
{
	struct hcx_host_rule wanted;

	while (soak_plan_removal(i, &wanted))
		set_rule(i, &wanted);
}

/* By the VM's own VMM. */
static bool deny_in_vm(void)
{
	int i = soak_below(SOAK_TURNS), vm = soak_below(SOAK_VMS);
	uint64_t *to_deny = &shared->vms[vmms[vm].id].to_deny;

	if (!soak_plan_own_deny(i, vm))
		return false;
	begin(i);
	soak_set(to_deny, soak_nr(i));
	while (soak_get(to_deny))
		wait_a_moment();
	finish(i);

	return true;
}

static void open_all_vms(void)
{
	all_vms = open_administrator();
}

static void close_all_vms(void)
{
	soak_forget_rules();
	begin_all();
	close(all_vms);
	finish_all();
}

static bool reopen_all_vms(void)
{
	close_all_vms();
	open_all_vms();
	return true;
}

/* What hcx_test.ko has registered goes with it. */
static bool reload_handlers(void)
{
	int i;

	for (i = 0; i < SOAK_BPF; i++)
		turns[i].registered = false;
	begin_all();
	soak_run("rmmod hcx_test");
	finish_all();
	soak_run("modprobe hcx_test");

	return true;
}

/* Who keeps the core, as who has a file of its open does. */
static bool some_user(void)
{
	int i;

	if (soak_get(&shared->is_reading))
		return true;
	for (i = 0; i < SOAK_VMS; i++)
		if (vmms[i].pid && soak_get(&shared->vms[vmms[i].id].has_session))
			return true;

	return false;
}

/* A handler in BPF that is detached keeps it for a moment. */
static void unload_core(void)
{
	int tries = soak_has_bpf() ? 100 : 1;

	soak_run("rmmod " OTHER_MODULES);
	while (system("rmmod kvm_hcx 2>/dev/null")) {
		TEST_ASSERT(--tries, "the core cannot be unloaded");
		usleep(100000);
	}
}

/* Nobody's files are open from here on. */
static void stop_users(void)
{
	soak_set(&shared->may_serve, 0);
	soak_set(&shared->may_read, 0);
	close_all_vms();
	reload_handlers();
	if (turns[SOAK_BPF].registered)
		unregister_turn(SOAK_BPF);
	while (some_user())
		wait_a_moment();
}

static void start_users(void)
{
	open_all_vms();
	soak_set(&shared->may_serve, 1);
	soak_set(&shared->may_read, 1);
}

/* And @meanwhile something done, if it can be. */
static bool reload_core_around(bool (*meanwhile)(void))
{
	bool did;
	int vm;

	stop_users();
	unload_core();
	timing = false;
	for (vm = 0; vm < SOAK_VMS; vm++)
		soak_forget_own_rules(vm);
	did = meanwhile();
	soak_run("modprobe -a kvm_hcx " OTHER_MODULES);
	start_users();

	return did;
}

static bool do_nothing(void)
{
	return true;
}

static bool reload_core(void)
{
	return reload_core_around(do_nothing);
}

static bool reload_core_around_fentry(void)
{
	return reload_core_around(soak_fentry);
}

/* What was about the one before is not about this one. */
static void expect_of_new(int vm)
{
	int i;

	for (i = 0; i < SOAK_TURNS; i++) {
		begin_in(vm, i);
		soak_end(&shared->turns[vm][i]);
	}
}

static void run_vmm(int vm, struct soak_vm *its)
{
	close(all_vms);
	soak_set(&its->is_started, 1);
	soak_run_vmm(shared, vm, vmms[vm].id);
	_exit(0);
}

/* Rules go with the last descriptor, so it may keep none. */
static void start_vmm(int vm)
{
	struct soak_vm *its = &shared->vms[next_id];

	soak_forget_vmm(vm);
	expect_of_new(vm);
	soak_set(&its->served.answer[0], SOAK_ABSENT);
	vmms[vm].id = next_id++;
	fflush(stdout);
	vmms[vm].pid = fork();
	if (!vmms[vm].pid)
		run_vmm(vm, its);
	while (!soak_get(&its->is_started))
		wait_a_moment();
	soak_new_vmm(vm, vmms[vm].pid);
}

static void end_process(pid_t *pid, const char *what, int wanted)
{
	int status;

	waitpid(*pid, &status, 0);
	TEST_ASSERT(status == wanted, "%s ended with status %#x", what, status);
	*pid = 0;
}

static void end_vmm(int vm, int wanted)
{
	end_process(&vmms[vm].pid, "a VMM", wanted);
}

static void replace_vmm(int vm)
{
	kill(vmms[vm].pid, SIGKILL);
	end_vmm(vm, SIGKILL);
	start_vmm(vm);
}

/* settle() may need two more. */
static bool kill_vmm(void)
{
	if (next_id >= SOAK_VMS_MAX - SOAK_VMS)
		return false;
	replace_vmm(soak_below(SOAK_VMS));

	return true;
}

/*
 * Until one ends KVM_RUN, which most do. To a vCPU, and not to the VMM's other threads: of those
 * one serves, and what it asks the core for would be refused with EINTR.
 */
static bool signal_vcpu(void)
{
	int vm = soak_below(SOAK_VMS), i = soak_below(SOAK_VCPUS), tries;
	struct soak_vm *its = &shared->vms[vmms[vm].id];
	uint64_t before = soak_get(&its->seen[i].interrupted);

	for (tries = 0; tries < 100; tries++) {
		/* One that has not told its number yet has 0, as no thread has. */
		syscall(SYS_tgkill, vmms[vm].pid, (pid_t)soak_get(&its->tid[i]), SIGUSR1);
		wait_a_moment();
		if (soak_get(&its->seen[i].interrupted) != before)
			return true;
	}

	return false;
}

static bool time_calls(void)
{
	timing = !timing;
	return soak_put(TABLES "timing", timing ? "1" : "0");
}

static bool reload_echo(void)
{
	soak_run("rmmod hcx_echo && modprobe hcx_echo");
	return true;
}

#define CPU1	"/sys/devices/system/cpu/cpu1/online"

static bool switch_cpu(void)
{
	cpu_is_off = !cpu_is_off;
	return soak_put(CPU1, cpu_is_off ? "0" : "1");
}

/*
 * What is done first once, in this order, each in a state in which it can be. Then whose share is
 * how much of all of them.
 */
static const struct action {
	unsigned int share;
	const char *name;
	bool (*run)(void);		/* whether it was done */
	bool switches;			/* on, and the next time off */
	const char *needs[2];		/* what not every kernel has */
} actions[] = {
	{ 250, "handlers registered", register_one },
	{ 125, "handlers replaced", replace_one },
	{ 125, "handlers unregistered", unregister_one },
	{ 12, "BPF handlers attached", attach_bpf, .needs = { SOAK_HCX_BPF } },
	{ 6, "BPF handlers replaced", replace_bpf, .needs = { SOAK_HCX_BPF } },
	{ 6, "BPF handlers detached", detach_bpf, .needs = { SOAK_HCX_BPF } },
	{ 300, "rules", change_rule },
	{ 5, "rules of VMMs", deny_in_vm },
	{ 5, "the device reopened", reopen_all_vms },
	{ 50, "vCPUs interrupted", signal_vcpu },
	{ 10, "VMMs killed", kill_vmm },
	{ 15, "tracepoints", soak_trace, true, { SOAK_TRACING "events/kvm" } },
	{ 15, "kprobes", soak_probe, true, { SOAK_TRACING "kprobe_events" } },
	{ 15, "function tracers", soak_trace_functions, true,
	  { SOAK_TRACING "set_ftrace_filter" } },
	{ 15, "timing", time_calls, true },
	{ 10, "CPUs", switch_cpu, true, { CPU1 } },
	{ 10, "hcx_echo reloaded", reload_echo },
	{ 5, "hcx_test reloaded", reload_handlers },
	{ 3, "the core reloaded", reload_core },
	{ 2, "the core reloaded around a fentry program", reload_core_around_fentry,
	  .needs = { "bpf_fentry", "/sys/kernel/btf/kvm" } },
	{ 3, "fentry programs", soak_fentry, .needs = { "bpf_fentry", "/sys/kernel/btf/kvm" } },
};

static unsigned int done[ARRAY_SIZE(actions)];

/* What it needs and is not there, or NULL. */
static const char *missing(const struct action *action)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(action->needs); i++)
		if (action->needs[i] && access(action->needs[i], F_OK))
			return action->needs[i];

	return NULL;
}

static void act(unsigned int i)
{
	if (missing(&actions[i]))
		return;
	done[i] += actions[i].run();
	check_processes();
}

/* A number in the right state is found in fewer tries. */
static void do_each(void)
{
	unsigned int i, tries;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		for (tries = 0; tries < 100 && done[i] < 1 + actions[i].switches; tries++)
			act(i);
}

static unsigned int all_shares(void)
{
	unsigned int i, all = 0;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		all += actions[i].share;

	return all;
}

static void step(void)
{
	unsigned int i = 0, point = soak_below(all_shares());

	while (point >= actions[i].share)
		point -= actions[i++].share;
	act(i);
}

/* Whether that is nothing. */
static bool tell_count(const char *what, unsigned long count)
{
	ksft_print_msg("%s: %lu\n", what, count);
	return !count;
}

/* How many were not. */
static unsigned int tell_done(void)
{
	unsigned int i, undone = 0;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		if (missing(&actions[i]))
			ksft_print_msg("%s: none, there is no %s\n", actions[i].name,
				       missing(&actions[i]));
		else
			undone += tell_count(actions[i].name, done[i]);

	return undone;
}

static unsigned long logged_writes(void)
{
	unsigned long logged = 0;
	int i;

	for (i = 0; i < next_id; i++)
		logged += soak_get(&shared->vms[i].logged);

	return logged;
}

/* And what others did beside. */
static unsigned int tell_seen(void)
{
	return tell_count("the tables read", soak_get(&shared->tables_read)) +
	       tell_count("writes found in a dirty log", logged_writes());
}

static struct soak_seen sum(void)
{
	struct soak_seen sum = {};
	int i, j, t;

	for (i = 0; i < next_id; i++)
		for (j = 0; j < SOAK_VCPUS; j++) {
			const struct soak_seen *seen = &shared->vms[i].seen[j];

			sum.calls += soak_get(&seen->calls);
			sum.unchecked += soak_get(&seen->unchecked);
			sum.wrong += soak_get(&seen->wrong);
			for (t = 0; t < SOAK_TURNS; t++)
				sum.last[t] += soak_get(&seen->last[t]);
		}

	return sum;
}

static void tell_wrong(void)
{
	int i, j;

	for (i = 0; i < next_id; i++)
		for (j = 0; j < SOAK_VCPUS; j++) {
			const struct soak_seen *seen = &shared->vms[i].seen[j];

			if (seen->wrong)
				ksft_print_msg("VM %d, vCPU %d: %#lx had %#lx first\n", i, j,
					       seen->wrong_nr, seen->wrong_rax);
		}
}

static void tell(const char *when)
{
	struct soak_seen seen = sum();

	ksft_print_msg("%s: %lu calls, %lu changes, %d VMs, %lu wrong\n", when, seen.calls, changes,
		       next_id, seen.wrong);
}

static void storm(unsigned int seconds)
{
	struct timespec start, told;
	char when[32];

	clock_gettime(CLOCK_MONOTONIC, &start);
	do_each();
	snprintf(when, sizeof(when), "each once, in %u s", seconds_since(&start));
	tell(when);
	clock_gettime(CLOCK_MONOTONIC, &start);
	told = start;
	while (seconds_since(&start) <= seconds) {
		step();
		if (seconds_since(&told) <= 30)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &told);
		snprintf(when, sizeof(when), "%u s", seconds_since(&start));
		tell(when);
	}
}

/* Until what each vCPU has seen of its calls before this is told. */
static void wait_for_calls_of_all(void)
{
	int i, j;

	for (i = 0; i < SOAK_VMS; i++)
		for (j = 0; j < SOAK_VCPUS; j++) {
			const struct soak_seen *seen = &shared->vms[vmms[i].id].seen[j];
			uint64_t before = soak_get(&seen->calls);

			while (soak_get(&seen->calls) < before + 2)
				wait_a_moment();
		}
}

/* No rules, and no handlers. */
static void calm_down(void)
{
	int i;

	for (i = 0; i < SOAK_TURNS; i++) {
		remove_rules(i);
		if (turns[i].registered)
			unregister_turn(i);
	}
	for (i = 0; i < SOAK_VMS; i++)
		if (soak_has_own_rules(i))
			replace_vmm(i);
}

/* The numbers that there are, from 0. */
static int numbers(void)
{
	return soak_has_bpf() ? SOAK_TURNS : SOAK_BPF;
}

/* No change, and no process but this one, from here on. */
static void end_processes(void)
{
	int i;

	soak_set(&shared->stop, 1);
	for (i = 0; i < SOAK_VMS; i++)
		end_vmm(i, 0);
	end_process(&reader, "the reader", 0);
}

/* A last handler for each number, whose calls both sides count. */
static void settle(void)
{
	int i;

	calm_down();
	wait_for_calls_of_all();
	for (i = 0; i < numbers(); i++) {
		soak_set(&shared->is_last[i], 1);
		register_turn(i, false);
	}
	for (i = 0; i < numbers(); i++)
		while (sum().last[i] < 100)
			wait_a_moment();
	while (!logged_writes())
		wait_a_moment();
	end_processes();
}

static unsigned long counted_calls(int i)
{
	struct counted counted;

	if (i != SOAK_BPF)
		return calls_of(turns[i].name);
	counted_of("storm", &counted);
	return counted.calls;
}

static unsigned int lost_calls(const struct soak_seen *seen)
{
	unsigned int lost = 0;
	int i;

	for (i = 0; i < numbers(); i++) {
		unsigned long calls = counted_calls(i);

		if (calls != seen->last[i])
			ksft_print_msg("%#x: %lu calls, and %lu answers\n", soak_nr(i), calls,
				       seen->last[i]);
		lost += calls != seen->last[i];
		unregister_turn(i);
	}

	return lost;
}

static pid_t storm_pid;

/* What the actions left on, however the storm ends. Its children fail by themselves. */
static void tidy(void)
{
	if (getpid() != storm_pid)
		return;
	soak_tracers_off();
	if (timing)
		time_calls();
	if (cpu_is_off)
		switch_cpu();
}

static void tidy_in_the_end(void)
{
	storm_pid = getpid();
	TEST_ASSERT(!atexit(tidy), "no atexit()");
}

/* Before there is a descriptor with which rules go. */
static void start_reader(void)
{
	fflush(stdout);
	reader = fork();
	if (reader)
		return;
	soak_run_reader(shared);
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 10;
	struct soak_seen seen;
	int vm;

	require_hcx(4);
	random_state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	TEST_ASSERT(shared != MAP_FAILED && random_state, "no memory, or the seed is 0");
	tidy_in_the_end();
	start_reader();
	start_users();
	for (vm = 0; vm < SOAK_VMS; vm++)
		start_vmm(vm);

	storm(seconds);
	settle();
	tell("the end");
	tell_wrong();
	expect(tell_done() + tell_seen(), 0,
	       "each thing was done, and what is there for it was seen");
	seen = sum();
	expect(seen.wrong, 0, "each answer was possible when the number was called");
	ksft_test_result(seen.calls > 100 && seen.unchecked < seen.calls / 10,
			 "all but %lu of %lu calls were checked\n", seen.unchecked, seen.calls);
	expect(lost_calls(&seen), 0, "no call was lost");
	ksft_finished();
}
