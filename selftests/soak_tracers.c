// SPDX-License-Identifier: GPL-2.0
/* What traces the calls of the storm. Of what the kernel does not have, nothing. */
#define _GNU_SOURCE /* for pipe2() */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "soak.h"

static bool tracing, probing, tracing_functions;
static pid_t fentry;

bool soak_trace(void)
{
	const char *on = tracing ? "0" : "1";

	tracing = !tracing;
	/* The core's are away with it. */
	soak_put(SOAK_TRACING "events/hcx/enable", on);
	return soak_put(SOAK_TRACING "events/kvm/enable", on);
}

#define PROBES	SOAK_TRACING "kprobe_events"
#define PROBE	SOAK_TRACING "events/kprobes/soak/enable"

bool soak_probe(void)
{
	probing = !probing;
	if (probing)
		return soak_put(PROBES, "p:soak kvm_emulate_hypercall") && soak_put(PROBE, "1");

	return soak_put(PROBE, "0") && soak_put(PROBES, "-:soak");
}

static bool has_tracer(const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "grep -q -w %s " SOAK_TRACING "available_tracers", name);
	return !system(command);
}

/* KVM's function that we hook, and the core's: those that are there now. */
static bool functions_on(const char *tracer)
{
	soak_run("echo kvm_emulate_hypercall >" SOAK_TRACING "set_ftrace_filter");
	soak_run("echo 'hcx_*' >>" SOAK_TRACING "set_ftrace_filter");
	return soak_put(SOAK_TRACING "current_tracer", tracer);
}

static bool functions_off(void)
{
	bool ret = soak_put(SOAK_TRACING "current_tracer", "nop");

	soak_run("echo >" SOAK_TRACING "set_ftrace_filter");
	return ret;
}

bool soak_trace_functions(void)
{
	bool graph = soak_below(2) && has_tracer("function_graph");

	tracing_functions = !tracing_functions;
	return tracing_functions ? functions_on(graph ? "function_graph" : "function") :
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

/* One that is refused is none. */
bool soak_fentry(void)
{
	if (fentry) {
		fentry_off();
		return true;
	}
	fentry_on();

	return fentry;
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
