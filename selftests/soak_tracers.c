// SPDX-License-Identifier: GPL-2.0
/* What traces the calls of the storm. Of what the kernel does not have, nothing. */
#define _GNU_SOURCE /* for pipe2() */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "soak.h"

#define TRACING	"/sys/kernel/tracing/"

static bool tracing, probing, tracing_functions;
static pid_t fentry;

void soak_trace(void)
{
	tracing = !tracing;
	soak_put(TRACING "events/hcx/enable", tracing ? "1" : "0");
	soak_put(TRACING "events/kvm/enable", tracing ? "1" : "0");
}

void soak_probe(void)
{
	probing = !probing;
	if (probing)
		soak_put(TRACING "kprobe_events", "p:soak kvm_emulate_hypercall");
	soak_put(TRACING "events/kprobes/soak/enable", probing ? "1" : "0");
	if (!probing)
		soak_put(TRACING "kprobe_events", "-:soak");
}

static bool has_tracer(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "grep -q -w %s " TRACING "available_tracers", name);
	return !system(command);
}

/* KVM's function that we hook, and the core's: those that are there now. */
static void functions_on(const char *tracer)
{
	if (!has_tracer(tracer))
		return;
	soak_run("echo kvm_emulate_hypercall >" TRACING "set_ftrace_filter");
	soak_run("echo 'hcx_*' >>" TRACING "set_ftrace_filter");
	soak_put(TRACING "current_tracer", tracer);
}

static void functions_off(void)
{
	soak_put(TRACING "current_tracer", "nop");
	soak_run("echo >" TRACING "set_ftrace_filter");
}

void soak_trace_functions(void)
{
	tracing_functions = !tracing_functions;
	if (tracing_functions)
		functions_on(soak_below(2) ? "function_graph" : "function");
	else
		functions_off();
}

static void run_fentry(int end)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(end, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	execl("./bpf_fentry", "bpf_fentry", NULL);
	_exit(1);
}

/* One comes before the core, and is refused once that has a direct call of its own. */
static void fentry_on(void)
{
	int ends[2];
	char said;

	must(pipe2(ends, O_CLOEXEC) ? errno : 0);
	fflush(stdout);
	fentry = fork();
	if (!fentry)
		run_fentry(ends[1]);
	close(ends[1]);
	if (read(ends[0], &said, 1) != 1) {
		waitpid(fentry, NULL, 0);
		fentry = 0;
	}
	close(ends[0]);
}

static void fentry_off(void)
{
	kill(fentry, SIGKILL);
	waitpid(fentry, NULL, 0);
	fentry = 0;
}

void soak_fentry(void)
{
	if (fentry)
		fentry_off();
	else
		fentry_on();
}

void soak_tracers_off(void)
{
	if (tracing)
		soak_trace();
	if (probing)
		soak_probe();
	if (tracing_functions)
		soak_trace_functions();
	if (fentry)
		fentry_off();
}
