// SPDX-License-Identifier: GPL-2.0
/*
 * A storm: the vCPUs of two VMs call, while handlers are registered, replaced and
 * unregistered, rules set and taken away, modules are loaded and unloaded, the core among them,
 * VMMs serve and are killed, memory changes, functions are traced, CPUs go and come back. Each
 * answer has to be one that was possible during the call, and in the end no call is lost.
 *
 * soak_test [SECONDS [SEED]]; make soak runs it for long, and with a handler in BPF.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

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

void soak_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	if (fd < 0)
		return;
	TEST_ASSERT(write(fd, text, strlen(text)) > 0, "%s > %s: %s", text, path, strerror(errno));
	close(fd);
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

static void change_turn(int i)
{
	bool opt_in = !soak_below(4);

	if (!turns[i].registered)
		register_turn(i, opt_in);
	else if (soak_below(2))
		replace_turn(i, opt_in);
	else
		unregister_turn(i);
}

static void change_one(void)
{
	change_turn(soak_below(SOAK_BPF));
}

/* It takes long: each program is verified. */
static void change_bpf(void)
{
	if (soak_has_bpf())
		change_turn(SOAK_BPF);
}

static void set_rule(int i, const struct hcx_host_rule *wanted)
{
	begin(i);
	must(rule(all_vms, wanted));
	finish(i);
}

static void change_rule(void)
{
	int i = soak_below(SOAK_TURNS);
	struct hcx_host_rule wanted = soak_plan_rule(i);

	set_rule(i, &wanted);
}

static void remove_rules(int i)
{
	struct hcx_host_rule wanted;

	while (soak_plan_removal(i, &wanted))
		set_rule(i, &wanted);
}

/* By the VM's own VMM. */
static void deny_in_vm(void)
{
	int i = soak_below(SOAK_TURNS), vm = soak_below(SOAK_VMS);
	uint64_t *to_deny = &shared->vms[vmms[vm].id].to_deny;

	if (!soak_plan_own_deny(i, vm))
		return;
	begin(i);
	soak_set(to_deny, soak_nr(i));
	while (soak_get(to_deny))
		usleep(1000);
	finish(i);
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

static void reopen_all_vms(void)
{
	close_all_vms();
	open_all_vms();
}

/* What hcx_test.ko has registered goes with it. */
static void reload_handlers(void)
{
	int i;

	for (i = 0; i < SOAK_BPF; i++)
		turns[i].registered = false;
	begin_all();
	soak_run("rmmod hcx_test");
	finish_all();
	soak_run("modprobe hcx_test");
}

static bool some_session(void)
{
	int i;

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

/* No program may have the device open: it keeps the core. */
static void reload_core(void)
{
	int vm;

	soak_set(&shared->may_serve, 0);
	close_all_vms();
	reload_handlers();
	if (turns[SOAK_BPF].registered)
		unregister_turn(SOAK_BPF);
	while (some_session())
		usleep(1000);
	unload_core();
	for (vm = 0; vm < SOAK_VMS; vm++)
		soak_forget_own_rules(vm);
	if (soak_below(2))
		soak_fentry();
	soak_run("modprobe -a kvm_hcx " OTHER_MODULES);
	open_all_vms();
	soak_set(&shared->may_serve, 1);
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
		usleep(1000);
	soak_new_vmm(vm, vmms[vm].pid);
}

static void end_vmm(int vm, int wanted)
{
	int status;

	waitpid(vmms[vm].pid, &status, 0);
	TEST_ASSERT(status == wanted, "a VMM ended with status %#x", status);
	vmms[vm].pid = 0;
}

static void replace_vmm(int vm)
{
	kill(vmms[vm].pid, SIGKILL);
	end_vmm(vm, SIGKILL);
	start_vmm(vm);
}

/* Some are left for the end. */
static void kill_vmm(void)
{
	if (next_id < SOAK_VMS_MAX - SOAK_VMS)
		replace_vmm(soak_below(SOAK_VMS));
}

static void signal_vmm(void)
{
	kill(vmms[soak_below(SOAK_VMS)].pid, SIGUSR1);
}

static void time_calls(void)
{
	timing = !timing;
	soak_put(TABLES "timing", timing ? "1" : "0");
}

static void read_tables(void)
{
	soak_run("cat " TABLES "* >/dev/null");
}

static void reload_echo(void)
{
	soak_run("rmmod hcx_echo && modprobe hcx_echo");
}

static void switch_cpu(void)
{
	cpu_is_off = !cpu_is_off;
	soak_put("/sys/devices/system/cpu/cpu1/online", cpu_is_off ? "0" : "1");
}

/* Whose share of a thousand steps is which. The rest are changes of a number's handler. */
static const struct {
	unsigned int share;
	const char *name;
	void (*run)(void);
} actions[] = {
	{ 5, "the core reloaded", reload_core },
	{ 5, "hcx_test reloaded", reload_handlers },
	{ 10, "hcx_echo reloaded", reload_echo },
	{ 300, "rules", change_rule },
	{ 5, "rules of VMMs", deny_in_vm },
	{ 5, "the device reopened", reopen_all_vms },
	{ 25, "BPF handlers", change_bpf },
	{ 10, "VMMs killed", kill_vmm },
	{ 50, "signals", signal_vmm },
	{ 15, "tracepoints", soak_trace },
	{ 15, "kprobes", soak_probe },
	{ 15, "function tracers", soak_trace_functions },
	{ 3, "fentry programs", soak_fentry },
	{ 15, "timing", time_calls },
	{ 10, "tables read", read_tables },
	{ 10, "CPUs", switch_cpu },
	{ 1000, "handlers", change_one },
};

static unsigned int done[ARRAY_SIZE(actions)];

static void step(void)
{
	unsigned int i = 0, point = soak_below(1000);

	while (point >= actions[i].share)
		point -= actions[i++].share;
	actions[i].run();
	done[i]++;
}

static void tell_done(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		ksft_print_msg("%s: %u\n", actions[i].name, done[i]);
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
	time_t start = time(NULL), told = start, now;
	char when[32];

	for (now = start; now < start + seconds; now = time(NULL)) {
		step();
		if (now < told + 30)
			continue;
		told = now;
		snprintf(when, sizeof(when), "%ld s", (long)(now - start));
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
				usleep(10000);
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

/* A last handler for each number, whose calls both sides count. */
static void settle(void)
{
	int i;

	calm_down();
	wait_for_calls_of_all();
	for (i = 0; i < numbers(); i++) {
		soak_set(&shared->last_answer[i], value + 1);
		register_turn(i, false);
	}
	for (i = 0; i < numbers(); i++)
		while (sum().last[i] < 100)
			usleep(10000);
	soak_set(&shared->stop, 1);
	for (i = 0; i < SOAK_VMS; i++)
		end_vmm(i, 0);
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

/* What the actions left on. */
static void tidy(void)
{
	soak_tracers_off();
	if (timing)
		time_calls();
	if (cpu_is_off)
		switch_cpu();
	close(all_vms);
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 10;
	struct soak_seen seen;
	int vm;

	require_hcx(3);
	random_state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	TEST_ASSERT(shared != MAP_FAILED && random_state, "no memory, or the seed is 0");
	open_all_vms();
	soak_set(&shared->may_serve, 1);
	for (vm = 0; vm < SOAK_VMS; vm++)
		start_vmm(vm);

	storm(seconds);
	settle();
	tidy();
	tell("the end");
	tell_done();
	tell_wrong();
	seen = sum();
	expect(seen.wrong, 0, "each answer was possible when the number was called");
	ksft_test_result(seen.calls > 100 && seen.unchecked < seen.calls / 10,
			 "all but %lu of %lu calls were checked\n", seen.unchecked, seen.calls);
	expect(lost_calls(&seen), 0, "no call was lost");
	ksft_finished();
}
