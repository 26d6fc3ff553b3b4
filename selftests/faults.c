// SPDX-License-Identifier: GPL-2.0
/* By fail-nth, see Documentation/fault-injection/fault-injection.rst. */
#include <fcntl.h>

#include "faults.h"
#include "hcx_util.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define INJECTION	"/sys/kernel/debug/"

static int fail_nth;

/* Those that may wait count, too, and are not told to the kernel log. */
static void set_injection(const char *what, const char *knob)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), INJECTION "%s/%s", what, knob);
	fd = open(path, O_WRONLY);
	TEST_ASSERT(fd >= 0 && write(fd, "0", 1) == 1, "%s: %s", path, strerror(errno));
	close(fd);
}

void require_faults(void)
{
	fail_nth = open(FAIL_NTH, O_RDWR);
	if (fail_nth < 0 || access(INJECTION "failslab", F_OK)) {
		ksft_print_header();
		ksft_exit_skip("this kernel cannot fail on request: make check-debug has some that can\n");
	}
	set_injection("failslab", "ignore-gfp-wait");
	set_injection("failslab", "verbose");
	set_injection("fail_page_alloc", "ignore-gfp-wait");
	set_injection("fail_page_alloc", "min-order");
	set_injection("fail_page_alloc", "verbose");
	set_injection("fail_usercopy", "verbose");
}

void fail_at(unsigned int place)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", place);

	TEST_ASSERT(pwrite(fail_nth, text, len, 0) == len, FAIL_NTH ": %s", strerror(errno));
}

/* Whether it did. To read and to write that file are copies, too, and may be the one that fails. */
bool fault_happened(void)
{
	char text[16] = "";
	bool failed = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	while (pwrite(fail_nth, "0", 1, 0) != 1)
		;

	return failed;
}
