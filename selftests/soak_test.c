// SPDX-License-Identifier: GPL-2.0
/*
 * A storm: the vCPUs of two VMs call, while handlers are registered, replaced, denied and
 * unregistered, modules are loaded and unloaded, the core among them, VMMs serve and are
 * killed, memory changes, functions are traced, CPUs go and come back. Each answer has to be
 * one that was possible during the call, and in the end no call is lost.
 *
 * soak_test [SECONDS [SEED]]; make soak runs it for long.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "soak.h"

#define VMS	2
#define TRACING	"/sys/kernel/tracing/"
#define CORE	"/sys/kernel/debug/kvm_hcx/"

static struct soak_shared *shared;
static uint64_t random_state, value, changes;
static int all_vms;

/* What hcx_test.ko has for a number now. */
static struct {
	bool registered, denied;
	char name[HCX_NAME_LEN];
	uint64_t answer;
} turns[SOAK_TURNS];

static struct {
	pid_t pid;
	int id;
} vmms[VMS];
static int next_id;

static bool tracing, probing, timing, cpu_is_off;

static unsigned int below(unsigned int limit)
{
	return random_below(&random_state, limit);
}

static void run(const char *command)
{
	int status = system(command);

	TEST_ASSERT(!status, "%s: status %#x", command, status);
}

/* Where the kernel has such a file. */
static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	if (fd < 0)
		return;
	TEST_ASSERT(write(fd, text, strlen(text)) > 0, "%s > %s: %s", text, path, strerror(errno));
	close(fd);
}

static uint64_t answer_of(int i)
{
	return turns[i].registered && !turns[i].denied ? turns[i].answer : SOAK_ABSENT;
}

/* By a command to hcx_test.ko, "register" or "replace OLD". */
static void new_handler(int i, const char *command)
{
	turns[i].registered = true;
	turns[i].answer = i == SOAK_FILL ? 0 : ++value;
	snprintf(turns[i].name, sizeof(turns[i].name), "s%d.%lu", i, ++changes);
	soak_begin(&shared->turns[i], answer_of(i));
	must_control("%s %s %d 0 %s %lu", command, turns[i].name, SOAK_NR + i,
		     i == SOAK_FILL ? "fill" : "value", turns[i].answer);
	soak_end(&shared->turns[i]);
}

static void register_turn(int i)
{
	new_handler(i, "register");
}

static void replace_turn(int i)
{
	char command[32];

	snprintf(command, sizeof(command), "replace %s", turns[i].name);
	new_handler(i, command);
}

static void unregister_turn(int i)
{
	turns[i].registered = false;
	changes++;
	soak_begin(&shared->turns[i], answer_of(i));
	must_control("unregister %s", turns[i].name);
	soak_end(&shared->turns[i]);
}

static void deny_turn(int i, bool deny)
{
	const struct hcx_host_rule wanted = {
		.verb = deny ? HCX_HOST_DENY : 0, .flags = deny ? 0 : HCX_HOST_REMOVE,
		.first = SOAK_NR + i, .last = SOAK_NR + i, .subject = HCX_HOST_OF_EVERYONE,
	};

	turns[i].denied = deny;
	changes++;
	soak_begin(&shared->turns[i], answer_of(i));
	must(rule(all_vms, &wanted));
	soak_end(&shared->turns[i]);
}

static void change_one(void)
{
	int i = below(SOAK_TURNS);

	if (!below(3))
		deny_turn(i, !turns[i].denied);
	else if (!turns[i].registered)
		register_turn(i);
	else if (below(2))
		replace_turn(i);
	else
		unregister_turn(i);
}

static void open_all_vms(void)
{
	all_vms = open_device();
	must(set_vm(all_vms, -1, HCX_HOST_ALL_VMS));
}

/* What hcx_test.ko has registered goes with it. */
static void reload_handlers(void)
{
	int i;

	for (i = 0; i < SOAK_TURNS; i++) {
		turns[i].registered = false;
		soak_begin(&shared->turns[i], SOAK_ABSENT);
	}
	run("rmmod hcx_test");
	for (i = 0; i < SOAK_TURNS; i++)
		soak_end(&shared->turns[i]);
	run("modprobe hcx_test");
}

static bool some_session(void)
{
	int i;

	for (i = 0; i < VMS; i++)
		if (vmms[i].pid && soak_get(&shared->vms[vmms[i].id].has_session))
			return true;

	return false;
}

/* No program may have the device open: it keeps the core. */
static void reload_core(void)
{
	int i;

	soak_set(&shared->may_serve, 0);
	for (i = 0; i < SOAK_TURNS; i++)
		if (turns[i].denied)
			deny_turn(i, false);
	close(all_vms);
	reload_handlers();
	while (some_session())
		usleep(1000);
	run("rmmod " OTHER_MODULES " kvm_hcx && modprobe -a kvm_hcx " OTHER_MODULES);
	open_all_vms();
	soak_set(&shared->may_serve, 1);
}

static void start_vmm(int i)
{
	vmms[i].id = next_id++;
	soak_set(&shared->vms[vmms[i].id].served.answer[0], SOAK_ABSENT);
	fflush(stdout);
	vmms[i].pid = fork();
	if (vmms[i].pid)
		return;
	close(all_vms);
	soak_run_vmm(shared, vmms[i].id);
	_exit(0);
}

static void end_vmm(int i, int wanted)
{
	int status;

	waitpid(vmms[i].pid, &status, 0);
	TEST_ASSERT(status == wanted, "a VMM ended with status %#x", status);
	vmms[i].pid = 0;
}

static void kill_vmm(void)
{
	int i = below(VMS);

	if (next_id == SOAK_VMS_MAX)
		return;
	kill(vmms[i].pid, SIGKILL);
	end_vmm(i, SIGKILL);
	start_vmm(i);
}

static void signal_vmm(void)
{
	kill(vmms[below(VMS)].pid, SIGUSR1);
}

static void trace(void)
{
	tracing = !tracing;
	put(TRACING "events/hcx/enable", tracing ? "1" : "0");
	put(TRACING "events/kvm/enable", tracing ? "1" : "0");
}

static void probe(void)
{
	probing = !probing;
	if (probing)
		put(TRACING "kprobe_events", "p:soak kvm_emulate_hypercall");
	put(TRACING "events/kprobes/soak/enable", probing ? "1" : "0");
	if (!probing)
		put(TRACING "kprobe_events", "-:soak");
}

static void time_calls(void)
{
	timing = !timing;
	put(CORE "timing", timing ? "1" : "0");
}

static void read_tables(void)
{
	run("cat " CORE "* >/dev/null");
}

static void reload_echo(void)
{
	run("rmmod hcx_echo && modprobe hcx_echo");
}

static void switch_cpu(void)
{
	cpu_is_off = !cpu_is_off;
	put("/sys/devices/system/cpu/cpu1/online", cpu_is_off ? "0" : "1");
}

/* How many of a thousand steps. The rest are changes of a number. */
static const struct {
	unsigned int share;
	void (*run)(void);
} actions[] = {
	{ 5, reload_core },
	{ 5, reload_handlers },
	{ 10, reload_echo },
	{ 10, kill_vmm },
	{ 50, signal_vmm },
	{ 15, trace },
	{ 15, probe },
	{ 15, time_calls },
	{ 10, read_tables },
	{ 10, switch_cpu },
};

static void step(void)
{
	unsigned int i, point = below(1000);

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		if (point < actions[i].share) {
			actions[i].run();
			return;
		}
		point -= actions[i].share;
	}
	change_one();
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

	for (i = 0; i < VMS; i++)
		for (j = 0; j < SOAK_VCPUS; j++) {
			const struct soak_seen *seen = &shared->vms[vmms[i].id].seen[j];
			uint64_t before = soak_get(&seen->calls);

			while (soak_get(&seen->calls) < before + 2)
				usleep(10000);
		}
}

/* A last handler for each number, whose calls both sides count. */
static void settle(void)
{
	int i;

	for (i = 0; i < SOAK_TURNS; i++) {
		if (turns[i].denied)
			deny_turn(i, false);
		if (turns[i].registered)
			unregister_turn(i);
	}
	wait_for_calls_of_all();
	for (i = 0; i < SOAK_TURNS; i++) {
		soak_set(&shared->last_answer[i], value + 1);
		register_turn(i);
	}
	for (i = 0; i < SOAK_TURNS; i++)
		while (sum().last[i] < 100)
			usleep(10000);
	soak_set(&shared->stop, 1);
	for (i = 0; i < VMS; i++)
		end_vmm(i, 0);
}

static unsigned int lost_calls(const struct soak_seen *seen)
{
	unsigned int lost = 0;
	int i;

	for (i = 0; i < SOAK_TURNS; i++) {
		long calls = calls_of(turns[i].name);

		if (calls != seen->last[i])
			ksft_print_msg("%s: %ld calls, and %lu answers\n", turns[i].name, calls,
				       seen->last[i]);
		lost += calls != seen->last[i];
		must_control("unregister %s", turns[i].name);
	}

	return lost;
}

/* What the actions left on. */
static void tidy(void)
{
	if (tracing)
		trace();
	if (probing)
		probe();
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
	int i;

	require_hcx(3);
	random_state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	TEST_ASSERT(shared != MAP_FAILED && random_state, "no memory, or the seed is 0");
	for (i = 0; i < SOAK_TURNS; i++)
		soak_set(&shared->turns[i].answer[0], SOAK_ABSENT);
	open_all_vms();
	soak_set(&shared->may_serve, 1);
	for (i = 0; i < VMS; i++)
		start_vmm(i);

	storm(seconds);
	settle();
	tidy();
	tell("the end");
	tell_wrong();
	seen = sum();
	expect(seen.wrong, 0, "each answer was possible when the number was called");
	ksft_test_result(seen.calls > 100 && seen.unchecked < seen.calls / 10,
			 "all but %lu of %lu calls were checked\n", seen.unchecked, seen.calls);
	expect(lost_calls(&seen), 0, "no call was lost");
	ksft_finished();
}
