// SPDX-License-Identifier: GPL-2.0
/*
 * Random memory for handlers that take it: hcx_marker's, and those of hcx_test.ko's that are the
 * core's functions for memory. It is all there, at borders, in holes, read-only, beside all memory,
 * or unmapped by the VMM; of any length; and the caller of any mode and ring. Each call has the
 * result that the ABI says, copies or traces these bytes, and writes and marks dirty no others.
 *
 * fuzz_memory_test [CALLS [SEED]]
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "fuzz_guest.h"
#include "hcx_util.h"
#include <uapi/linux/hcx_marker.h>

#define TRACING		"/sys/kernel/tracing/"
#define EVENT		TRACING "events/hcx/hcx_marker/enable"

#define READ		0x80
#define WRITE		0x81
#define STRING		0x82

#define PAGE		4096

/*
 * Guest memory beside the guest's own: slots of it side by side, read-only, and a hole. All guests
 * share it. What is side by side for them is not so in this process, where a page that no slot has
 * is before each, and behind the last.
 */
#define FIRST		0x100000
#define PAGES		24
#define OWN_SIZE	0x10000
#define HOST_PAGES	25

static const struct {
	uint64_t gpa;
	int pages;
	uint32_t flags;
	int at;			/* the page in this process */
} slots[] = {
	{ FIRST, 3, 0, 6 },
	{ FIRST + 0x3000, 5, KVM_MEM_LOG_DIRTY_PAGES, 19 },
	{ FIRST + 0x8000, 4, KVM_MEM_READONLY, 1 },
	{ FIRST + 0x10000, 8, KVM_MEM_LOG_DIRTY_PAGES, 10 },
};

static uint8_t *memory;

/* What it has to hold; but for one page that is unmapped, or -1. */
static uint8_t wanted[HOST_PAGES * PAGE];
static int gone = -1;

/* What a call may have marked dirty. */
static enum { CLEAN, UNKNOWN, DIRTY } marked[HOST_PAGES];

/* hcx_test.ko's buffer, before and after. */
static uint8_t buffer[BUFFER_SIZE], got[BUFFER_SIZE];

static struct guest guests[CALLER_KINDS];

/* The guests' own memory, as their first call has left it: then the CPU has marked their tables. */
static uint8_t own[CALLER_KINDS][OWN_SIZE];

/* One call: its arguments as the handler finds them, and what it has left in the registers. */
static struct {
	const struct caller_kind *caller;
	struct guest *guest;
	uint64_t gpa, len, rax;
	bool others_are_right;
} call;

static uint64_t marker;
static int trace = -1;
static bool is_traced;

/* Or -1. */
static int slot_of(uint64_t gpa)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++)
		if (gpa >= slots[i].gpa && gpa - slots[i].gpa < slots[i].pages * PAGE)
			return i;

	return -1;
}

/* For a guest-physical address, in this process; or -1. */
static long offset_of(uint64_t gpa)
{
	int i = slot_of(gpa);

	return i < 0 ? -1 : slots[i].at * PAGE + (long)(gpa - slots[i].gpa);
}

static bool is_read_only(uint64_t gpa)
{
	return slots[slot_of(gpa)].flags & KVM_MEM_READONLY;
}

static bool is_gone(uint64_t gpa)
{
	return offset_of(gpa) / PAGE == gone;
}

/* The error that comes before anything is touched. */
static int range_error(bool write)
{
	uint64_t page;

	if (call.caller->ring)
		return -KVM_EPERM;
	if (!call.len)
		return 0;
	if (call.gpa + call.len - 1 < call.gpa)
		return -KVM_EINVAL;
	for (page = call.gpa & -PAGE; page <= call.gpa + call.len - 1; page += PAGE)
		if (offset_of(page) < 0 || (write && is_read_only(page)))
			return -KVM_EFAULT;

	return 0;
}

/* Of a range that is all in slots. */
static bool any_gone(void)
{
	uint64_t page;

	if (!call.len)
		return false;
	for (page = call.gpa & -PAGE; page <= call.gpa + call.len - 1; page += PAGE)
		if (is_gone(page))
			return true;

	return false;
}

static void fill_page(int page)
{
	int i;

	for (i = page * PAGE; i < (page + 1) * PAGE; i++)
		wanted[i] = below(3000) ? 1 + below(255) : 0;
	memcpy(memory + page * PAGE, wanted + page * PAGE, PAGE);
}

static void map(int first, int count, int access)
{
	void *at = memory + first * PAGE;

	TEST_ASSERT(mmap(at, count * PAGE, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			 0) == at, "no memory");
}

static void map_pages(int first, int count)
{
	map(first, count, PROT_READ | PROT_WRITE);
	for (; count; first++, count--)
		fill_page(first);
}

/*
 * The VMM takes a page from its guests, or gives them another for it. A real hole could get what
 * this process maps next.
 */
static void change_memory(void)
{
	unsigned int i = below(ARRAY_SIZE(slots));

	if (gone >= 0) {
		map_pages(gone, 1);
		gone = -1;
	} else {
		gone = slots[i].at + below(slots[i].pages);
		map(gone, 1, PROT_NONE);
	}
}

static bool tell(const char *what, uint64_t right)
{
	ksft_print_msg("mode %d, ring %d, %#lx bytes at %#lx, page %d is gone: %s; RAX is %#lx, and %#lx is right\n",
		       call.caller->mode, call.caller->ring, call.len, call.gpa, gone, what,
		       call.rax, right);
	return false;
}

static bool memory_is_right(void)
{
	int page;

	for (page = 0; page < HOST_PAGES; page++)
		if (page != gone && memcmp(memory + page * PAGE, wanted + page * PAGE, PAGE))
			return false;

	return true;
}

static bool log_is_right(void)
{
	unsigned int i, page;
	unsigned long log;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		if (!(slots[i].flags & KVM_MEM_LOG_DIRTY_PAGES))
			continue;
		log = 0;
		kvm_vm_get_dirty_log(call.guest->vm, i + 1, &log);
		for (page = 0; page < slots[i].pages; page++)
			if (marked[slots[i].at + page] != UNKNOWN &&
			    (marked[slots[i].at + page] == DIRTY) != (log >> page & 1))
				return false;
	}

	return true;
}

/* At and around the slots' ends, anywhere in them, and where there never is memory. */
static uint64_t some_address(void)
{
	static const uint64_t places[] = {
		0xfec00000, 0xfee00000, 0x100000000, 1ULL << 40, 1ULL << 46, 1ULL << 51,
		1ULL << 52, 1ULL << 63, FIRST | 1ULL << 32, FIRST | 1ULL << 47,
		FIRST | 1ULL << 52, FIRST | 1ULL << 63,
	};

	switch (below(8)) {
	case 0:
		return places[below(ARRAY_SIZE(places))] + below(17) - 8;
	case 1:
		return one_in(2) ? some_word() : -(uint64_t)below(70000);
	case 2:
	case 3:
	case 4:
		return FIRST + below(PAGES + 1) * PAGE + below(17) - 8;
	default:
		return FIRST + below(PAGES * PAGE);
	}
}

/*
 * For a handler that takes up to @most. What is not refused fits the host's buffer: no more than
 * that is memory side by side.
 */
static uint64_t some_length(uint64_t gpa, unsigned int most)
{
	switch (below(12)) {
	case 0:
		return some_word();
	case 1:
		return most + below(3) - 1;
	case 2:
		return below(3);
	case 3:
		return below(3) * PAGE + below(17) - 8;
	case 4:
		return -gpa + below(3) - 1;
	case 5:
		return 0x100000000 - gpa + below(3) - 1;
	default:
		return below(most < 40000 ? most + 1 : 40000);
	}
}

/* Not the guest's own memory, where its program is. */
static void choose_call(unsigned int most)
{
	unsigned int i = below(CALLER_KINDS);

	/* Ring 3 gets no further than its ring. */
	if (caller_kinds[i].ring && below(4))
		i--;
	call.caller = &caller_kinds[i];
	call.guest = &guests[i];
	call.gpa = cut(call.caller, some_address());
	if (call.gpa < OWN_SIZE)
		call.gpa += FIRST;
	call.len = cut(call.caller, some_length(call.gpa, most));
}

/* As the guest passes it: above the half that counts, anything. */
static uint64_t pass(uint64_t arg)
{
	return is_long(call.caller) ? arg : arg | any_word() << 32;
}

static void make_call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct kvm_regs *regs = &call.guest->regs, right;

	guest_prepare(call.guest, nr, a0, a1, a2, a3);
	right = *regs;
	guest_enter(call.guest);
	call.rax = regs->rax;
	right.rax = regs->rax;
	right.rip += INSN_SIZE;
	call.others_are_right = !memcmp(regs, &right, sizeof(right));
}

static void copy(uint64_t nr)
{
	make_call(nr, pass(call.gpa), pass(call.len), any_word(), any_word());
}

static void fill_buffer(void)
{
	uint64_t word = any_word();
	unsigned int i;

	for (i = 0; i < sizeof(buffer); i += sizeof(word))
		memcpy(buffer + i, &word, sizeof(word));
	buffer_set(buffer, sizeof(buffer));
}

static bool result_is(int64_t result)
{
	return call.rax == cut(call.caller, result) && call.others_are_right;
}

static bool read_is_right(void)
{
	int64_t result;
	uint64_t i;

	choose_call(BUFFER_SIZE);
	result = range_error(false);
	if (!result && any_gone()) {
		result = -KVM_EFAULT;
		memset(buffer, 0, call.len);
	} else if (!result) {
		for (i = 0; i < call.len; i++)
			buffer[i] = wanted[offset_of(call.gpa + i)];
	}
	copy(READ);
	buffer_get(got, sizeof(got));

	return (result_is(result) && !memcmp(got, buffer, sizeof(got))) || tell("a read", result);
}

/*
 * Of what comes before the page that is gone, some; and nothing of what comes behind it. The slot
 * that has it is copied to at once, and may be marked dirty as far as the range goes.
 */
static void take_part(void)
{
	bool past = false;
	int failed = -1;
	uint64_t i;
	long at;

	for (i = 0; i < call.len; i++) {
		at = offset_of(call.gpa + i);
		if (at / PAGE == gone) {
			past = true;
			failed = slot_of(call.gpa + i);
		}
		if (past && slot_of(call.gpa + i) != failed)
			break;
		if (marked[at / PAGE] == CLEAN)
			marked[at / PAGE] = UNKNOWN;
		if (past || memory[at] == wanted[at] || memory[at] != buffer[i])
			continue;
		wanted[at] = memory[at];
		marked[at / PAGE] = DIRTY;
	}
}

static void take_all(void)
{
	uint64_t i;
	long at;

	for (i = 0; i < call.len; i++) {
		at = offset_of(call.gpa + i);
		wanted[at] = buffer[i];
		marked[at / PAGE] = DIRTY;
	}
}

static bool write_is_right(void)
{
	int64_t result;

	choose_call(BUFFER_SIZE);
	result = range_error(true);
	copy(WRITE);
	if (!result && any_gone()) {
		result = -KVM_EFAULT;
		take_part();
	} else if (!result) {
		take_all();
	}

	return result_is(result) || tell("a write", result);
}

static int64_t string_result(void)
{
	uint64_t i;

	if (!call.len || call.len > BUFFER_SIZE)
		return -KVM_EINVAL;
	if (call.caller->ring)
		return -KVM_EPERM;
	for (i = 0; i < call.len; i++) {
		if (offset_of(call.gpa + i) < 0 || is_gone(call.gpa + i))
			return -KVM_EFAULT;
		if (!wanted[offset_of(call.gpa + i)])
			return i;
	}

	return -KVM_E2BIG;
}

static bool text_is_right(int64_t result)
{
	int64_t i;

	if (result == -KVM_EINVAL)
		return !memcmp(got, buffer, sizeof(got));
	for (i = 0; i < result; i++)
		if (got[i] != wanted[offset_of(call.gpa + i)])
			return false;

	return !got[result < 0 ? 0 : result] &&
	       !memcmp(got + call.len, buffer + call.len, sizeof(got) - call.len);
}

static bool string_is_right(void)
{
	int64_t result;

	choose_call(one_in(2) ? 300 : BUFFER_SIZE);
	result = string_result();
	copy(STRING);
	buffer_get(got, sizeof(got));

	return (result_is(result) && text_is_right(result)) || tell("a string", result);
}

static void switch_trace(void)
{
	is_traced = !is_traced;
	TEST_ASSERT(!write_to(EVENT, is_traced ? "1" : "0"), EVENT);
}

/* What has come into the trace: how many markers, and the last of them. */
static int read_markers(char *last, size_t size)
{
	char text[8192], *line = text;
	ssize_t length = read(trace, text, sizeof(text) - 1);
	int count = 0;

	*last = '\0';
	if (length <= 0)
		return 0;
	text[length] = '\0';
	while ((line = strstr(line, "hcx_marker: "))) {
		snprintf(last, size, "%s", line++);
		count++;
	}

	return count;
}

static int64_t marker_result(void)
{
	if (call.caller->ring)
		return -KVM_EPERM;
	if (call.len > HCX_MARKER_TEXT_MAX)
		return -KVM_E2BIG;
	if (!is_traced)
		return 0;

	return range_error(false) ?: any_gone() ? -KVM_EFAULT : 0;
}

/* But for the TSC, which marker_test looks at. */
static bool marker_is_right(const char *line, uint64_t id, uint64_t value)
{
	char text[HCX_MARKER_TEXT_MAX + 1] = "", right[256];
	unsigned long tsc = 0;
	uint64_t i;

	for (i = 0; i < call.len; i++) {
		text[i] = wanted[offset_of(call.gpa + i)];
		if (text[i] < 0x20 || text[i] > 0x7e)
			text[i] = '?';
	}
	if (sscanf(line, "hcx_marker: vm=%*d vcpu=%*d guest_tsc=%lu", &tsc) != 1)
		return false;
	snprintf(right, sizeof(right),
		 "hcx_marker: vm=%d vcpu=0 guest_tsc=%lu id=%lu value=0x%lx text=%s\n", getpid(),
		 tsc, cut(call.caller, id), cut(call.caller, value), text);

	return !strcmp(line, right);
}

static bool mark_is_right(void)
{
	uint64_t id = some_word(), value = some_word();
	bool has_line, is_right;
	int64_t result;
	char line[512];

	if (one_in(8))
		switch_trace();
	choose_call(HCX_MARKER_TEXT_MAX);
	result = marker_result();
	has_line = !result && is_traced;
	make_call(marker, id, value, pass(call.gpa), pass(call.len));
	is_right = read_markers(line, sizeof(line)) == has_line &&
		   (!has_line || marker_is_right(line, id, value));

	return (result_is(result) && is_right) || tell(line, result);
}

static bool call_is_right(void)
{
	static bool (*const kinds[])(void) = {
		read_is_right, write_is_right, string_is_right, mark_is_right,
	};
	bool is_right;

	if (one_in(4))
		change_memory();
	memset(marked, 0, sizeof(marked));
	fill_buffer();
	is_right = kinds[below(ARRAY_SIZE(kinds))]();
	if (!memory_is_right())
		is_right = tell("other memory is written", call.rax);
	if (!log_is_right())
		is_right = tell("the dirty log is not as it was written", call.rax);

	return is_right;
}

static void *own_of(int i)
{
	return addr_gpa2hva(guests[i].vm, 0);
}

static bool own_is_right(int i)
{
	bool is_right = !memcmp(own_of(i), own[i], OWN_SIZE);

	if (!is_right)
		ksft_print_msg("mode %d, ring %d: the guest's own memory is written\n",
			       caller_kinds[i].mode, caller_kinds[i].ring);
	return is_right;
}

static void create_guest(int i)
{
	unsigned int j;

	guest_create(&guests[i], caller_kinds[i].mode, caller_kinds[i].ring);
	for (j = 0; j < ARRAY_SIZE(slots); j++)
		vm_set_user_memory_region(guests[i].vm, j + 1, slots[j].flags, slots[j].gpa,
					  slots[j].pages * PAGE, memory + slots[j].at * PAGE);
	guest_call0(&guests[i], KVM_HC_VAPIC_POLL_IRQ);
	memcpy(own[i], own_of(i), OWN_SIZE);
}

static void create_memory(void)
{
	memory = mmap(NULL, HOST_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(memory != MAP_FAILED, "no memory");
	map_pages(0, HOST_PAGES);
}

static void start_marker(void)
{
	marker = guest_find(&guests[LONG_RING_0], "marker");
	trace = open(TRACING "trace_pipe", O_RDONLY | O_NONBLOCK);
	TEST_ASSERT(trace >= 0, TRACING "trace_pipe: %s", strerror(errno));
	while (read(trace, got, sizeof(got)) > 0)
		;
	switch_trace();
}

static unsigned int wrong_calls(unsigned int calls)
{
	unsigned int i, wrong = 0;

	create_memory();
	for (i = 0; i < CALLER_KINDS; i++)
		create_guest(i);
	start_marker();
	for (i = 0; i < calls; i++)
		wrong += !call_is_right();
	if (is_traced)
		switch_trace();
	close(trace);
	for (i = 0; i < CALLER_KINDS; i++) {
		wrong += !own_is_right(i);
		guest_free(&guests[i]);
	}

	return wrong;
}

int main(int argc, char **argv)
{
	unsigned int calls = argc > 1 ? atoi(argv[1]) : 1000;
	int log;

	require_hcx(2);
	require_module("hcx_marker");
	if (access(EVENT, W_OK))
		ksft_exit_skip(EVENT ": %s\n", strerror(errno));
	fuzz_seed(argc > 2 ? strtoull(argv[2], NULL, 0) : 1);
	must_control("register read %#x %d read 0", READ, HCX_RING3);
	must_control("register write %#x %d write 0", WRITE, HCX_RING3);
	must_control("register string %#x %d string 0", STRING, HCX_RING3);
	log = log_mark();
	expect(wrong_calls(calls), 0, "%u calls about any memory, in any mode and ring", calls);
	expect(log_lines(log, "hcx"), 0, "nothing of it is in the kernel log");
	must_control("unregister read");
	must_control("unregister write");
	must_control("unregister string");
	ksft_finished();
}
