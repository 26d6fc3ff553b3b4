// SPDX-License-Identifier: GPL-2.0
/* Who looks at the core's tables during the storm, and finds them in order at any time. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "soak.h"

static const char *const tables[] = {
	"handlers", "calls", "errors", "latency", "histogram", "rules",
	"timing", "abi_version", "api_version",
};

static char text[256 * 1024];

/* All of it, whose last line is a whole one. */
static void read_table(const char *table)
{
	char path[64];
	size_t size = 0;
	ssize_t more;
	int fd;

	snprintf(path, sizeof(path), TABLES "%s", table);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	TEST_ASSERT(fd >= 0, "%s: %s", path, strerror(errno));
	while ((more = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += more;
	TEST_ASSERT(!more && size && text[size - 1] == '\n', "%s: %zd after %zu bytes: %s", path,
		    more, size, strerror(errno));
	text[size] = '\0';
	close(fd);
}

/* What "calls" had last of each number of hcx_test.ko. */
static struct row {
	char name[HCX_NAME_LEN + 1];
	unsigned long calls;
} last[SOAK_BPF];

/* No name comes twice, so the calls of one become more, and never less. */
static void compare_row(struct row *before, const struct row *now)
{
	TEST_ASSERT(strcmp(now->name, before->name) || now->calls >= before->calls,
		    "%s had %lu calls, and has %lu", now->name, before->calls, now->calls);
	*before = *now;
}

/* Of all calls of a number there is one row, while it is replaced as well. */
static void look_at_calls(void)
{
	unsigned int rows[SOAK_BPF] = {}, nr;
	struct row row;
	char *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "%x %16s all %lu", &nr, row.name, &row.calls) != 3 ||
		    nr < SOAK_NR || nr >= SOAK_NR + SOAK_BPF)
			continue;
		TEST_ASSERT(!rows[nr - SOAK_NR]++, "%#x is there twice", nr);
		compare_row(&last[nr - SOAK_NR], &row);
	}
}

static void read_tables(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		read_table(tables[i]);
		if (!strcmp(tables[i], "calls"))
			look_at_calls();
	}
}

void soak_run_reader(struct soak_shared *shared)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!soak_get(&shared->stop)) {
		soak_set(&shared->is_reading, 1);
		if (soak_get(&shared->may_read)) {
			read_tables();
			soak_set(&shared->tables_read, shared->tables_read + 1);
		}
		soak_set(&shared->is_reading, 0);
		usleep(1000);
	}
}
