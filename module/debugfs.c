// SPDX-License-Identifier: GPL-2.0
/* kvm_hcx/ in debugfs. Nothing depends on it: errors are ignored, as debugfs wants it. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include "debugfs.h"
#include "registry.h"

static struct dentry *dir;

static void show_handler(const struct hcx_entry *entry, void *seq)
{
	seq_printf(seq, "%#-10llx  %-16.*s  %-20s  %4u  %9u  %11lld\n", entry->nr,
		   HCX_NAME_LEN, entry->name.text, module_name(entry->owner),
		   entry->flags & HCX_RING3 ? 3 : 0, entry->budget_ms,
		   (s64)atomic64_read(&entry->over_budget));
}

static int handlers_show(struct seq_file *seq, void *unused)
{
	seq_puts(seq, "number      name              owner                 ring  budget_ms  over_budget\n");
	hcx_registry_walk(show_handler, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(handlers);

void hcx_debugfs_init(void)
{
	dir = debugfs_create_dir("kvm_hcx", NULL);
	debugfs_create_file("handlers", 0400, dir, NULL, &handlers_fops);
}

void hcx_debugfs_exit(void)
{
	debugfs_remove(dir);
}
