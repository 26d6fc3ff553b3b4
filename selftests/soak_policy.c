// SPDX-License-Identifier: GPL-2.0
/* What rules the storm has set, and whether a VM may call a number by them. */
#include "soak.h"

#define EVERYONE	SOAK_VMS	/* else the VMM's process of that VM */

/* The administrator's. */
static struct {
	bool is_there;
	uint32_t verb;
} rules[SOAK_TURNS][EVERYONE + 1];

static bool own_deny[SOAK_TURNS][SOAK_VMS];
static pid_t pids[SOAK_VMS];

/* See struct hcx_host_rule. No VM has said HANDLE, without which ALLOW opens nothing. */
bool soak_is_open(int turn, int vm, bool opt_in)
{
	int whose = rules[turn][vm].is_there ? vm : EVERYONE;

	if (own_deny[turn][vm])
		return false;
	if (!rules[turn][whose].is_there)
		return !opt_in;

	return rules[turn][whose].verb == HCX_HOST_HANDLE;
}

static struct hcx_host_rule plan(int turn, int whose, uint32_t verb, uint32_t flags)
{
	rules[turn][whose].is_there = !(flags & HCX_HOST_REMOVE);
	rules[turn][whose].verb = verb;

	return (struct hcx_host_rule){
		.verb = verb, .flags = flags, .first = soak_nr(turn), .last = soak_nr(turn),
		.subject = whose == EVERYONE ? HCX_HOST_OF_EVERYONE : HCX_HOST_OF_PROCESS,
		.id = whose == EVERYONE ? 0 : pids[whose],
	};
}

struct hcx_host_rule soak_plan_rule(int turn)
{
	/* Most of the calls are to be answered. */
	static const uint32_t verbs[] = {
		HCX_HOST_HANDLE, HCX_HOST_HANDLE, HCX_HOST_DENY, HCX_HOST_ALLOW,
	};
	int whose = soak_below(EVERYONE + 1);

	if (rules[turn][whose].is_there && soak_below(2))
		return plan(turn, whose, 0, HCX_HOST_REMOVE);

	return plan(turn, whose, verbs[soak_below(ARRAY_SIZE(verbs))], 0);
}

bool soak_plan_removal(int turn, struct hcx_host_rule *rule)
{
	int whose;

	for (whose = 0; whose <= EVERYONE; whose++)
		if (rules[turn][whose].is_there) {
			*rule = plan(turn, whose, 0, HCX_HOST_REMOVE);
			return true;
		}

	return false;
}

bool soak_plan_own_deny(int turn, int vm)
{
	bool was_there = own_deny[turn][vm];

	own_deny[turn][vm] = true;
	return !was_there;
}

bool soak_has_own_rules(int vm)
{
	int i;

	for (i = 0; i < SOAK_TURNS; i++)
		if (own_deny[i][vm])
			return true;

	return false;
}

void soak_forget_rules(void)
{
	memset(rules, 0, sizeof(rules));
}

void soak_forget_own_rules(int vm)
{
	int i;

	for (i = 0; i < SOAK_TURNS; i++)
		own_deny[i][vm] = false;
}

void soak_forget_vmm(int vm)
{
	int i;

	soak_forget_own_rules(vm);
	for (i = 0; i < SOAK_TURNS; i++)
		rules[i][vm].is_there = false;
}

void soak_new_vmm(int vm, pid_t pid)
{
	pids[vm] = pid;
}
