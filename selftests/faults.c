// SPDX-License-Identifier: GPL-2.0
/* By fail-nth, see Documentation/fault-injection/fault-injection.rst. */
#include <fcntl.h>

#include "faults.h"
#include "hcx_util.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define INJECTION	"/sys/kernel/debug/"

static int fail_nth;

static void set_injection(const char *what, const char *knob, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), INJECTION "%s/%s", what, knob);
	fd = open(path, O_WRONLY);
	TEST_ASSERT(fd >= 0 && write(fd, value, strlen(value)) > 0, "%s: %s", path,
		    strerror(errno));
	close(fd);
}

/* Only what has been called from an address in between counts. */
static void set_callers(const char *first, const char *end)
{
	static const char * const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		set_injection(kinds[i], "require-start", first);
		set_injection(kinds[i], "require-end", end);
	}
}

void require_faults(void)
{
	fail_nth = open(FAIL_NTH, O_RDWR);
	if (fail_nth < 0 || access(INJECTION "failslab", F_OK)) {
		ksft_print_header();
		ksft_exit_skip("this kernel cannot fail on request: make check-debug has some that can\n");
	}
	/* Those that may wait count, too, and are not told to the kernel log. */
	set_injection("failslab", "ignore-gfp-wait", "0");
	set_injection("failslab", "verbose", "0");
	set_injection("fail_page_alloc", "ignore-gfp-wait", "0");
	set_injection("fail_page_alloc", "min-order", "0");
	set_injection("fail_page_alloc", "verbose", "0");
	set_injection("fail_usercopy", "verbose", "0");
	set_callers("0", "0xffffffffffffffff");
}

/* MODULES_VADDR and MODULES_END without KASLR, which debug kernels do not have. */
void fail_only_in_modules(void)
{
	set_callers("0xffffffffa0000000", "0xffffffffff000000");
}

/* Of the allocations, and of the copies from and to the program, that with this number: from 1. */
static void fail_at(unsigned int place)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", place);

	TEST_ASSERT(pwrite(fail_nth, text, len, 0) == len, FAIL_NTH ": %s", strerror(errno));
}

/*
 * Whether it came to that; if not, nothing will fail any more. To read and to write that file are
 * copies, too, and may be the one that fails.
 */
static bool fault_happened(void)
{
	char text[16] = "";
	bool failed = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	while (pwrite(fail_nth, "0", 1, 0) != 1)
		;

	return failed;
}

unsigned int fail_everywhere(int (*run)(const void *what),
			     bool (*is_well)(const void *what, int error), const void *what)
{
	unsigned int place;
	bool happened;
	int error;

	for (place = 1;; place++) {
		fail_at(place);
		error = run(what);
		happened = fault_happened();
		if (!is_well(what, error)) {
			ksft_print_msg("place %u: %s\n", place,
				       error ? strerror(error) : "no error");
			return 0;
		}
		if (!happened)
			break;
	}
	TEST_ASSERT(!error, "where nothing fails: %s", strerror(error));

	return place - 1;
}
