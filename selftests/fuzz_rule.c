// SPDX-License-Identifier: GPL-2.0
/* HCX_HOST_RULE, for fuzz_device_test. */
#include "fuzz_device.h"

static bool is_live(uint32_t pid)
{
	return pid == getppid() || pid == 1;
}

/* Not a process that comes or goes meanwhile: its rules would go with it. */
static uint32_t some_subject_id(uint32_t subject)
{
	const uint32_t ids[] = { getppid(), 1, 0, 0x7fffffff, -1 };

	switch (subject) {
	case HCX_HOST_OF_CGROUP:
		return one_in(4) ? some_fd() : fuzz.user->cgroup;
	case HCX_HOST_OF_EVERYONE:
		return 0;
	default:
		return ids[below(ARRAY_SIZE(ids))];
	}
}

static void some_rule(const struct device *device, struct hcx_host_rule *what)
{
	static const uint32_t flags[] = {
		0, 0, 0, 0, HCX_HOST_REMOVE, HCX_HOST_REMOVE, HCX_HOST_REMOVE, HCX_HOST_KEEP,
	};
	uint32_t first = VALUE_NR + below(3);

	*what = (struct hcx_host_rule){
		.verb = below(device->all ? 4 : 3), .flags = flags[below(ARRAY_SIZE(flags))],
		.first = first, .last = first + (one_in(4) ? below(6) : 0),
	};
	if (one_in(3) && what->verb != HCX_HOST_DENY) {
		what->rate = one_in(2) ? 1 : 100000;
		what->burst = below(3);
	}
	if (device->all) {
		what->subject = one_in(2) ? HCX_HOST_OF_EVERYONE : below(4);
		what->id = some_subject_id(what->subject);
	}
	if (one_in(4))
		damage(what, sizeof(*what));
	if (device->all && what->subject == HCX_HOST_OF_PROCESS && !is_live(what->id))
		what->id |= 1 << 30;
}

static bool is_right_for(const struct device *device, const struct hcx_host_rule *what)
{
	if (!device->all)
		return what->verb != HCX_HOST_ALLOW && !what->subject && !what->id &&
		       !(what->flags & HCX_HOST_KEEP);
	if (what->verb == HCX_HOST_FORWARD || what->subject > HCX_HOST_OF_EVERYONE)
		return false;

	return (what->subject != HCX_HOST_OF_USER || what->id != -1U) &&
	       (what->subject != HCX_HOST_OF_EVERYONE || !what->id);
}

static bool rule_is_right(const struct device *device, const struct hcx_host_rule *what)
{
	return what->verb <= HCX_HOST_ALLOW &&
	       !(what->flags & ~(HCX_HOST_REMOVE | HCX_HOST_KEEP)) &&
	       what->first > HCX_NR_KVM_LAST && what->first <= what->last &&
	       what->last <= HCX_NR_LAST &&
	       what->rate <= HCX_HOST_RATE_MAX && what->burst <= HCX_HOST_RATE_MAX &&
	       (!what->burst || what->rate) && (!what->rate || what->verb != HCX_HOST_DENY) &&
	       is_right_for(device, what);
}

/* The place of one that was set, or the first that is free. */
static int find_rule(const struct device *by, const struct hcx_host_rule *key)
{
	int i, free = -1;

	for (i = RULES - 1; i >= 0; i--) {
		if (!fuzz.shared->rules[i].is_there)
			free = i;
		else if (fuzz.shared->rules[i].by == by &&
			 !memcmp(&fuzz.shared->rules[i].key, key, sizeof(*key)))
			return i;
	}
	TEST_ASSERT(free >= 0, "many rules");

	return free;
}

/* A device takes away what it has set, and what is nobody's. */
static void note_rule(const struct device *device, const struct hcx_host_rule *what, int error)
{
	const struct hcx_host_rule key = {
		.flags = HCX_HOST_REMOVE, .first = what->first, .last = what->last,
		.subject = what->subject, .id = what->id,
	};
	const struct device *by = what->flags & HCX_HOST_KEEP ? NULL : device;
	bool is_removed = what->flags & HCX_HOST_REMOVE;
	int i = find_rule(by, &key);

	if (is_removed && !fuzz.shared->rules[i].is_there)
		i = find_rule(NULL, &key);
	wrong_if(is_removed && !error && !fuzz.shared->rules[i].is_there,
		 "RULE: another's is taken away");
	wrong_if(error == ENOENT && !is_removed, "RULE: ENOENT");
	wrong_if(error == ENOENT && fuzz.shared->rules[i].is_there, "RULE: its own is not there");
	if (error)
		return;
	fuzz.shared->rules[i].by = by;
	fuzz.shared->rules[i].key = key;
	fuzz.shared->rules[i].is_there = !is_removed;
}

void forget_rules_of(const struct device *device)
{
	int i;

	for (i = 0; i < RULES; i++)
		if (fuzz.shared->rules[i].by == device)
			fuzz.shared->rules[i].is_there = false;
}

void ask_rule(struct device *device)
{
	struct hcx_host_rule what;
	int error;

	some_rule(device, &what);
	error = ask(device, RULE, &what, rule_is_right(device, &what) ? RIGHT : WRONG);
	wrong_if(device->all && (error == EBUSY || error == EPERM), "RULE of all: error %d", error);
	note_rule(device, &what, error);
}
