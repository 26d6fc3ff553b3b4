// SPDX-License-Identifier: GPL-2.0
/* What traces the calls of the storm. Of what the kernel does not have, nothing. */
#include "soak.h"

#define TRACING	"/sys/kernel/tracing/"

static bool tracing, probing;

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

void soak_tracers_off(void)
{
	if (tracing)
		soak_trace();
	if (probing)
		soak_probe();
}
