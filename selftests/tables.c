// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hcx_util.h"
#include "tables.h"

#define OVER_BUDGET	69	/* where that column of the handlers begins */

static int handlers_fd, rules_fd;

static int open_table(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	TEST_ASSERT(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

void open_tables(void)
{
	handlers_fd = open_table(TABLES "handlers");
	rules_fd = open_table(TABLES "rules");
}

void close_tables(void)
{
	close(handlers_fd);
	close(rules_fd);
}

static void read_table(int fd, char *text, size_t size)
{
	size_t done = 0;
	ssize_t more;

	do {
		more = pread(fd, text + done, size - 1 - done, done);
		TEST_ASSERT(more >= 0, "a table: %s", strerror(errno));
		done += more;
	} while (more);
	TEST_ASSERT(done < size - 1, "a table is too long");
	text[done] = '\0';
}

/*
 * A call may be over its budget at any time. The row of numbers that no handler has and a VMM
 * answers comes with a call, and goes some time after its VM.
 */
static void strip(char *handlers)
{
	char *from = handlers, *to = handlers, *end;

	for (; (end = strchr(from, '\n')); from = end + 1) {
		if (!strncmp(from, "0xffffffff ", 11))
			continue;
		memmove(to, from, OVER_BUDGET);
		to += OVER_BUDGET;
		*to++ = '\n';
	}
	*to = '\0';
}

void look_at_tables(struct tables *tables)
{
	read_table(handlers_fd, tables->handlers, sizeof(tables->handlers));
	strip(tables->handlers);
	read_table(rules_fd, tables->rules, sizeof(tables->rules));
}

bool are_same_tables(const struct tables *a, const struct tables *b)
{
	return !strcmp(a->handlers, b->handlers) && !strcmp(a->rules, b->rules);
}

int handlers_of(const struct tables *tables, uint32_t nr)
{
	const char *line = tables->handlers;
	int count = 0;

	while ((line = strchr(line, '\n')) && *++line)
		count += strtoul(line, NULL, 16) == nr;

	return count;
}
