// SPDX-License-Identifier: GPL-2.0
/* The storm's handler in BPF, as hcx-bpf attaches and detaches it. */
#include <stdio.h>

#include "soak.h"

bool soak_has_bpf(void)
{
	return !access(SOAK_HCX_BPF, X_OK);
}

void soak_attach_bpf(bool replace, uint64_t added)
{
	char command[128];

	snprintf(command, sizeof(command), SOAK_HCX_BPF " %s bpf/storm%lu.bpf.o %s >/dev/null",
		 replace ? "replace" : "attach", added, replace ? "" : "--pin");
	soak_run(command);
}

void soak_detach_bpf(void)
{
	soak_run(SOAK_HCX_BPF " detach storm >/dev/null");
}
