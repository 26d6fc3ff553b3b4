// SPDX-License-Identifier: GPL-2.0
/*
 * kvm_hcx/ in debugfs: Documentation/ABI/debugfs-kvm_hcx has each file. Nothing depends
 * on it: errors are ignored, as debugfs wants it.
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include "debugfs.h"
#include "observe.h"
#include "policy.h"
#include "registry.h"

struct row {
	struct seq_file *seq;
	const struct hcx_entry *entry;
};

/* A table has rows for all calls of each handler, and, by_vm, for those of each VM. */
struct table {
	const char *name;
	const char *header;
	void (*show)(const char *vm, const struct hcx_sum *sum, void *row);
	bool by_vm;
};

static struct dentry *dir;

static u32 abi_version = HCX_ABI_VERSION;
static u32 api_version = HCX_API_VERSION;

static void show_handler(const char *vm, const struct hcx_sum *sum, void *data)
{
	const struct row *row = data;
	const struct hcx_entry *entry = row->entry;

	seq_printf(row->seq, "%#-10llx  %-16.*s  %-20.20s  %4u  %9u  %11llu\n", entry->nr,
		   HCX_NAME_LEN, entry->name.text, entry->by,
		   entry->flags & HCX_RING3 ? 3 : 0, entry->budget_ms, sum->counts.over_budget);
}

static void show_key(const struct row *row, const char *vm)
{
	seq_printf(row->seq, "%#-10llx %-16.*s %-13s", row->entry->nr, HCX_NAME_LEN,
		   row->entry->name.text, vm);
}

static void show_calls(const char *vm, const struct hcx_sum *sum, void *data)
{
	const struct row *row = data;
	u64 errors = 0;
	unsigned int i;

	for (i = 0; i < HCX_ERRORS; i++)
		errors += sum->counts.errors[i];
	show_key(row, vm);
	seq_printf(row->seq, " %11llu %6llu %8llu %8llu\n", sum->calls, sum->inside,
		   errors, sum->counts.denied);
}

static void show_errors(const char *vm, const struct hcx_sum *sum, void *data)
{
	const struct row *row = data;
	unsigned int i;

	for (i = 0; i < HCX_ERRORS; i++) {
		if (!sum->counts.errors[i])
			continue;
		show_key(row, vm);
		seq_printf(row->seq, " %-10s %11llu\n", hcx_error_name(i), sum->counts.errors[i]);
	}
}

static void show_latency(const char *vm, const struct hcx_sum *sum, void *data)
{
	const struct hcx_counts *counts = &sum->counts;
	const struct row *row = data;

	if (!counts->timed)
		return;
	show_key(row, vm);
	seq_printf(row->seq, " %11llu %11llu %12llu\n", counts->timed,
		   div64_u64(counts->ns, counts->timed), counts->ns_max);
}

static void show_histogram(const char *vm, const struct hcx_sum *sum, void *data)
{
	const struct row *row = data;
	unsigned int i;

	for (i = 0; i < HCX_LATENCIES; i++) {
		if (!sum->counts.latency[i])
			continue;
		show_key(row, vm);
		if (i < HCX_LATENCIES - 1)
			seq_printf(row->seq, " %12llu", 1ULL << (HCX_LATENCY_FIRST + i));
		else
			seq_printf(row->seq, " %12s", "more");
		seq_printf(row->seq, " %11llu\n", sum->counts.latency[i]);
	}
}

static const struct table tables[] = {
	{
		.name = "handlers",
		.header = "number      name              owner                 ring  budget_ms  over_budget",
		.show = show_handler,
	}, {
		.name = "calls",
		.header = "number     name             vm                  calls inside   errors   denied",
		.show = show_calls,
		.by_vm = true,
	}, {
		.name = "errors",
		.header = "number     name             vm            error            calls",
		.show = show_errors,
		.by_vm = true,
	}, {
		.name = "latency",
		.header = "number     name             vm                  timed     mean_ns       max_ns",
		.show = show_latency,
		.by_vm = true,
	}, {
		.name = "histogram",
		.header = "number     name             vm                up_to_ns       calls",
		.show = show_histogram,
		.by_vm = true,
	},
};

static void show_rows(struct hcx_entry *entry, void *seq)
{
	const struct table *table = ((struct seq_file *)seq)->private;
	struct row row = { .seq = seq, .entry = entry };
	struct hcx_sum sum;

	hcx_bindings_sum(entry, &sum);
	table->show("all", &sum, &row);
	if (table->by_vm)
		hcx_bindings_walk(entry, table->show, &row);
}

static int table_show(struct seq_file *seq, void *unused)
{
	const struct table *table = seq->private;

	seq_printf(seq, "%s\n", table->header);
	hcx_registry_walk(show_rows, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(table);

static const char *const verbs[] = {
	[HCX_HOST_HANDLE] = "handle",
	[HCX_HOST_DENY] = "deny",
	[HCX_HOST_FORWARD] = "forward",
	[HCX_HOST_ALLOW] = "allow",
};

static void show_rule(const char *who, const struct hcx_host_rule *rule, void *seq)
{
	seq_printf(seq, "%-28s %-8s %#-11x %#-11x %8u %8u\n", who, verbs[rule->verb],
		   rule->first, rule->last, rule->rate, rule->burst);
}

/* What holds where no rule says anything. */
static void show_opt_in(struct hcx_entry *entry, void *seq)
{
	const struct hcx_host_rule rule = {
		.verb = HCX_HOST_DENY, .first = entry->nr, .last = entry->nr,
	};

	if (entry->flags & HCX_OPT_IN)
		show_rule("default", &rule, seq);
}

static int rules_show(struct seq_file *seq, void *unused)
{
	seq_puts(seq, "who                          verb     first       last            rate    burst\n");
	hcx_rules_walk(show_rule, seq);
	hcx_registry_walk(show_opt_in, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rules);

static int timing_get(void *unused, u64 *on)
{
	*on = hcx_get_timing();
	return 0;
}

static int timing_set(void *unused, u64 on)
{
	if (on > 1)
		return -EINVAL;
	hcx_set_timing(on);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(timing_fops, timing_get, timing_set, "%llu\n");

/**
 * hcx_debugfs_init() - make kvm_hcx/ in debugfs
 *
 * Context: process; may sleep.
 */
void hcx_debugfs_init(void)
{
	unsigned int i;

	dir = debugfs_create_dir("kvm_hcx", NULL);
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		debugfs_create_file(tables[i].name, 0400, dir, (void *)&tables[i], &table_fops);
	debugfs_create_file("rules", 0400, dir, NULL, &rules_fops);
	debugfs_create_file_unsafe("timing", 0600, dir, NULL, &timing_fops);
	debugfs_create_x32("abi_version", 0400, dir, &abi_version);
	debugfs_create_u32("api_version", 0400, dir, &api_version);
}

/**
 * hcx_debugfs_exit() - undo hcx_debugfs_init()
 *
 * Context: process; may sleep.
 */
void hcx_debugfs_exit(void)
{
	debugfs_remove(dir);
}
