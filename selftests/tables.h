/* SPDX-License-Identifier: GPL-2.0 */
/* What the core's tables in debugfs tell of what is registered, and of rules. */
#ifndef SELFTEST_HCX_TABLES_H
#define SELFTEST_HCX_TABLES_H

#include <stdbool.h>
#include <stdint.h>

/* Without what changes by itself. */
struct tables {
	char handlers[64 * 1024], rules[64 * 1024];
};

/* Opens them, which takes root; whoever has come from that process can look at them then. */
void open_tables(void);
void close_tables(void);
void look_at_tables(struct tables *tables);

bool are_same_tables(const struct tables *a, const struct tables *b);

/* How many handlers, of different VMs, have that number. */
int handlers_of(const struct tables *tables, uint32_t nr);

#endif /* SELFTEST_HCX_TABLES_H */
