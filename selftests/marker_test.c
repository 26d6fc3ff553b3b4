// SPDX-License-Identifier: GPL-2.0
/* "marker" puts what a guest says into the host's trace, and nothing else. */
#include "guest.h"
#include "hcx_util.h"
#include <uapi/linux/hcx_marker.h>

#define TRACING		"/sys/kernel/tracing/"
#define EVENT		TRACING "events/hcx/hcx_marker/enable"

#define TEXT_GPA	0x5ff0	/* across pages */
#define GUEST_TSC	(1ULL << 60)

static struct guest guest;
static uint64_t nr;

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	TEST_ASSERT(file, "%s: %s", path, strerror(errno));
	fputs(text, file);
	fclose(file);
}

/* The markers of the trace: how many, and the last of them. */
static int read_trace(char *last, size_t size)
{
	FILE *trace = fopen(TRACING "trace", "r");
	char line[512], *event;
	int count = 0;

	TEST_ASSERT(trace, TRACING "trace: %s", strerror(errno));
	*last = '\0';
	while (fgets(line, sizeof(line), trace)) {
		event = strstr(line, "hcx_marker: ");
		if (event) {
			snprintf(last, size, "%s", event);
			count++;
		}
	}
	fclose(trace);

	return count;
}

static uint64_t mark(uint64_t id, uint64_t value, const char *text, uint64_t len)
{
	if (text)
		memcpy(addr_gpa2hva(guest.vm, TEXT_GPA), text, strlen(text));
	write_file(TRACING "trace", "");
	return guest_call(&guest, nr, id, value, TEXT_GPA, len);
}

static void test_marker(const char *text, const char *traced, const char *what)
{
	char last[512], wanted[256];
	uint64_t before, after;
	unsigned long long tsc = 0;

	before = vcpu_get_msr(guest.vcpu, MSR_IA32_TSC);
	expect(mark(77, 0xfedcba9876543210, text, strlen(text)), 0, "%s", what);
	after = vcpu_get_msr(guest.vcpu, MSR_IA32_TSC);

	expect(read_trace(last, sizeof(last)), 1, "it is in the trace");
	if (sscanf(last, "hcx_marker: vm=%*d vcpu=%*d guest_tsc=%llu", &tsc) != 1)
		ksft_print_msg("there is no TSC in it\n");
	snprintf(wanted, sizeof(wanted),
		 "hcx_marker: vm=%d vcpu=0 guest_tsc=%llu id=77 value=0xfedcba9876543210 text=%s\n",
		 getpid(), tsc, traced);
	if (strcmp(last, wanted))
		ksft_print_msg("not %s", last);
	ksft_test_result(!strcmp(last, wanted),
			 "it has the VM, the vCPU, the id, the value and the text\n");
	ksft_test_result(tsc >= before && tsc <= after, "it has the guest's TSC\n");
}

static void test_refused(uint64_t gpa, uint64_t len, int error, const char *what)
{
	char last[512];

	write_file(TRACING "trace", "");
	expect(guest_call(&guest, nr, 1, 2, gpa, len), ERR64(error), "%s", what);
	expect(read_trace(last, sizeof(last)), 0, "nothing is traced");
}

int main(void)
{
	char longest[HCX_MARKER_TEXT_MAX + 1], last[512];

	require_hcx(4 * 4 + 4 * 2 + 2);
	require_module("hcx_marker");
	if (access(EVENT, W_OK))
		ksft_exit_skip(EVENT ": %s\n", strerror(errno));
	guest_create(&guest, GUEST_LONG, 0);
	vcpu_set_msr(guest.vcpu, MSR_IA32_TSC, GUEST_TSC);
	nr = guest_find(&guest, "marker");
	write_file(EVENT, "1");

	memset(longest, 'm', HCX_MARKER_TEXT_MAX);
	longest[HCX_MARKER_TEXT_MAX] = '\0';
	test_marker("", "", "a marker without a text");
	test_marker("a request begins", "a request begins", "a marker with one");
	test_marker("\x1b[31m\n\x80", "?[31m??", "what is not printable does not get to a terminal");
	test_marker(longest, longest, "the longest text");

	test_refused(TEXT_GPA, HCX_MARKER_TEXT_MAX + 1, KVM_E2BIG, "a text too long");
	test_refused(TEXT_GPA, -1ULL, KVM_E2BIG, "a text much too long");
	test_refused(0x10000000, 1, KVM_EFAULT, "a text that is not in memory");
	test_refused(-1ULL, 2, KVM_EINVAL, "a text past the end of the address space");

	write_file(EVENT, "0");
	expect(mark(1, 2, NULL, 5), 0, "switched off, a marker is no error");
	expect(read_trace(last, sizeof(last)), 0, "nothing is traced");

	guest_free(&guest);
	ksft_finished();
}
