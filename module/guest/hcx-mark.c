// SPDX-License-Identifier: GPL-2.0
/* hcx-mark: puts a marker of this guest into the host's trace, see linux/hcx_marker.h. */
#include <linux/hcx_marker.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "hcx-tool.h"

#define TRACE_MARKER	"/sys/kernel/tracing/trace_marker"

static const char usage[] =
	"usage: hcx-mark [-t] ID VALUE [TEXT]\n"
	"\n"
	"Puts a marker into the host's trace, as event hcx:hcx_marker. ID and VALUE are\n"
	"numbers, such as 10 or 0x1f; TEXT has at most 47 bytes.\n"
	"\n"
	"  -t  puts the same into this guest's own trace, too\n";

static unsigned long long parse_u64(const char *word)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(word, &end, 0);
	if (errno || end == word || *end || *word == '-')
		errx(2, "\"%s\" is not a number from 0 to 2^64 - 1; try hcx-mark --help", word);

	return value;
}

/* In the words of the host's event, by which hcx-timeline joins the two. */
static void mark_here(const struct hcx_dev_call *call, const char *text)
{
	int fd = open(TRACE_MARKER, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		warn("no marker in this guest's own trace: " TRACE_MARKER);
	else if (dprintf(fd, "hcx_marker: id=%llu value=0x%llx text=%s",
			 call->args[0], call->args[1], text) < 0)
		warn(TRACE_MARKER);
}

int main(int argc, char **argv)
{
	struct hcx_dev_call call = { .buffer_arg = 0 };
	const char *text;
	int here, dev;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	here = argc > 1 && !strcmp(argv[1], "-t");
	argc -= here;
	argv += here;
	if (argc < 3 || argc > 4)
		return fputs(usage, stderr), 2;
	call.args[0] = parse_u64(argv[1]);
	call.args[1] = parse_u64(argv[2]);
	text = argc == 4 ? argv[3] : "";
	if (strlen(text) > HCX_MARKER_TEXT_MAX)
		errx(2, "TEXT is longer than %d bytes", HCX_MARKER_TEXT_MAX);
	if (*text) {
		call.flags = HCX_CALL_BUFFER_READ;
		call.buffer = (uintptr_t)text;
		call.buffer_len = call.args[3] = strlen(text);
		call.buffer_arg = 2;
	}

	dev = open_hcx();
	call.nr = find_hypercall(dev, HCX_MARKER_NAME);
	if (here)
		mark_here(&call, text);
	make_call(dev, &call);

	return 0;
}
