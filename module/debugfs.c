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
#include "registry.h"

/* What rows of one handler are made with. */
struct row {
	struct seq_file *seq;
	struct hcx_entry *entry;
};

static struct dentry *dir;

static u32 abi_version = HCX_ABI_VERSION;
static u32 api_version = HCX_API_VERSION;

static void show_handler(struct hcx_entry *entry, void *seq)
{
	struct hcx_sum sum;

	hcx_bindings_sum(entry, &sum);
	seq_printf(seq, "%#-10llx  %-16.*s  %-20s  %4u  %9u  %11llu\n", entry->nr,
		   HCX_NAME_LEN, entry->name.text, module_name(entry->owner),
		   entry->flags & HCX_RING3 ? 3 : 0, entry->budget_ms, sum.counts.over_budget);
}

static int handlers_show(struct seq_file *seq, void *unused)
{
	seq_puts(seq, "number      name              owner                 ring  budget_ms  over_budget\n");
	hcx_registry_walk(show_handler, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(handlers);

/* A row for all calls of a handler, and one for those of each VM. */
static void show_rows(struct hcx_entry *entry, struct seq_file *seq,
		      void (*show)(const char *vm, const struct hcx_sum *sum, void *row))
{
	struct row row = { .seq = seq, .entry = entry };
	struct hcx_sum sum;

	hcx_bindings_sum(entry, &sum);
	show("all", &sum, &row);
	hcx_bindings_walk(entry, show, &row);
}

static void show_key(const struct row *row, const char *vm)
{
	seq_printf(row->seq, "%#-10llx %-16.*s %-13s", row->entry->nr, HCX_NAME_LEN,
		   row->entry->name.text, vm);
}

static void show_calls(const char *vm, const struct hcx_sum *sum, void *data)
{
	struct row *row = data;
	u64 errors = 0;
	unsigned int i;

	for (i = 0; i < HCX_ERRORS; i++)
		errors += sum->counts.errors[i];
	show_key(row, vm);
	seq_printf(row->seq, " %11llu %6llu %8llu %8llu\n", sum->calls, sum->inside, errors,
		   sum->counts.denied);
}

static void show_calls_of(struct hcx_entry *entry, void *seq)
{
	show_rows(entry, seq, show_calls);
}

static int calls_show(struct seq_file *seq, void *unused)
{
	seq_puts(seq, "number     name             vm                  calls inside   errors   denied\n");
	hcx_registry_walk(show_calls_of, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(calls);

static void show_errors(const char *vm, const struct hcx_sum *sum, void *data)
{
	struct row *row = data;
	unsigned int i;

	for (i = 0; i < HCX_ERRORS; i++) {
		if (!sum->counts.errors[i])
			continue;
		show_key(row, vm);
		seq_printf(row->seq, " %-10s %11llu\n", hcx_error_name(i), sum->counts.errors[i]);
	}
}

static void show_errors_of(struct hcx_entry *entry, void *seq)
{
	show_rows(entry, seq, show_errors);
}

static int errors_show(struct seq_file *seq, void *unused)
{
	seq_puts(seq, "number     name             vm            error            calls\n");
	hcx_registry_walk(show_errors_of, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(errors);

static void show_latency(const char *vm, const struct hcx_sum *sum, void *data)
{
	const struct hcx_counts *counts = &sum->counts;
	struct row *row = data;

	if (!counts->timed)
		return;
	show_key(row, vm);
	seq_printf(row->seq, " %11llu %11llu %12llu\n", counts->timed,
		   div64_u64(counts->ns, counts->timed), counts->ns_max);
}

static void show_latency_of(struct hcx_entry *entry, void *seq)
{
	show_rows(entry, seq, show_latency);
}

static int latency_show(struct seq_file *seq, void *unused)
{
	seq_puts(seq, "number     name             vm                  timed     mean_ns       max_ns\n");
	hcx_registry_walk(show_latency_of, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

static void show_histogram(const char *vm, const struct hcx_sum *sum, void *data)
{
	struct row *row = data;
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

static void show_histogram_of(struct hcx_entry *entry, void *seq)
{
	show_rows(entry, seq, show_histogram);
}

static int histogram_show(struct seq_file *seq, void *unused)
{
	seq_puts(seq, "number     name             vm             up_to_ns       calls\n");
	hcx_registry_walk(show_histogram_of, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(histogram);

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
	dir = debugfs_create_dir("kvm_hcx", NULL);
	debugfs_create_file("handlers", 0400, dir, NULL, &handlers_fops);
	debugfs_create_file("calls", 0400, dir, NULL, &calls_fops);
	debugfs_create_file("errors", 0400, dir, NULL, &errors_fops);
	debugfs_create_file("latency", 0400, dir, NULL, &latency_fops);
	debugfs_create_file("histogram", 0400, dir, NULL, &histogram_fops);
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
