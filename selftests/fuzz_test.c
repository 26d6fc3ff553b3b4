// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls, each held against what the ABI says of it: any number, any registers, in every
 * mode and ring; and copies from and to any part of the guest's memory, and beside it.
 *
 * fuzz_test [CALLS [SEED]]
 */
#include <stdlib.h>

#include "fuzz.h"
#include "guest.h"
#include "hcx_util.h"

/* Lines in the kernel log. */
static unsigned int logged;

/* Who calls. */
static struct caller_kind {
	enum guest_mode mode;
	int ring;
	struct guest guest;
} callers[] = {
	{ GUEST_REAL, 0 }, { GUEST_PROTECTED, 0 }, { GUEST_PROTECTED, 3 },
	{ GUEST_COMPATIBILITY, 0 }, { GUEST_COMPATIBILITY, 3 }, { GUEST_LONG, 0 },
	{ GUEST_LONG, 3 },
};

/* What is called. */
enum kind { VALUE, ARG, CALLER, RESULTS };

static const struct {
	uint64_t nr;
	enum kind kind;
	const char *kind_name;
	uint64_t value;
	uint32_t flags;
} handlers[] = {
	{ 13, VALUE, "value", 0x1122334455667788, 0 },
	{ 0x71, VALUE, "value", -1000, HCX_RING3 },
	{ 0x72, ARG, "arg", 3, 0 },
	{ 0x4b590000, ARG, "arg", 0, HCX_RING3 },
	{ 0x7ffffffe, CALLER, "caller", 0, HCX_RING3 },
	{ HCX_NR_LAST, RESULTS, "results", 7, HCX_RING3 | HCX_RESULT_RBX | HCX_RESULT_RDX },
};

static uint64_t some_number(void)
{
	uint64_t nr = handlers[below(ARRAY_SIZE(handlers))].nr;

	switch (below(4)) {
	case 0:
		return nr ^ 1ULL << below(64);
	case 1:
		nr = some_word();
		/* By that KVM writes to memory, which may be where the guest's program is. */
		return (uint32_t)nr == KVM_HC_CLOCK_PAIRING ? HCX_NR_KVM_LAST + 1 : nr;
	default:
		return nr;
	}
}

static bool is_long(const struct caller_kind *caller)
{
	return caller->mode == GUEST_LONG;
}

static uint64_t cut(const struct caller_kind *caller, uint64_t value)
{
	return is_long(caller) ? value : (uint32_t)value;
}

static uint64_t arg_of(const struct kvm_regs *regs, unsigned int n)
{
	const uint64_t args[] = { regs->rbx, regs->rcx, regs->rdx, regs->rsi };

	return args[n];
}

/* KVM's own numbers, and discovery, answer as the host is. */
static bool is_elses(uint64_t nr)
{
	return nr <= HCX_NR_KVM_LAST || nr == HCX_NR_DISCOVERY;
}

static int find_handler(uint64_t nr)
{
	int i;

	for (i = ARRAY_SIZE(handlers) - 1; i >= 0 && handlers[i].nr != nr; i--)
		;

	return i;
}

static uint64_t answer(const struct caller_kind *caller, const struct kvm_regs *regs, int i)
{
	switch (handlers[i].kind) {
	case ARG:
		return arg_of(regs, handlers[i].value);
	case CALLER:
		return is_long(caller) + 2 * !!caller->ring;
	default:
		return handlers[i].value;
	}
}

/* @regs as the call has to leave them. */
static void expected(const struct caller_kind *caller, struct kvm_regs *regs)
{
	int i = find_handler(cut(caller, regs->rax));

	regs->rip += INSN_SIZE;
	if (caller->ring && (i < 0 || !(handlers[i].flags & HCX_RING3))) {
		regs->rax = cut(caller, -KVM_EPERM);
		return;
	}
	regs->rax = cut(caller, i < 0 ? -KVM_ENOSYS : answer(caller, regs, i));
	if (i >= 0 && handlers[i].flags & HCX_RESULT_RBX)
		regs->rbx = cut(caller, 0xabcdef0000000000);
	if (i >= 0 && handlers[i].flags & HCX_RESULT_RDX)
		regs->rdx = cut(caller, 0xabcdef0000000002);
}

/* Not RSP, nor RIP and the flags, which are what the guest's program needs. */
static void fill_registers(struct kvm_regs *regs)
{
	__u64 *const any[] = {
		&regs->rbx, &regs->rcx, &regs->rdx, &regs->rsi, &regs->rdi, &regs->rbp,
		&regs->r8, &regs->r9, &regs->r10, &regs->r11, &regs->r12, &regs->r13,
		&regs->r14, &regs->r15,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(any); i++)
		*any[i] = some_word();
}

/* One call: whether it left what it had to. */
static bool call_is_right(void)
{
	struct caller_kind *caller = &callers[below(ARRAY_SIZE(callers))];
	struct guest *guest = &caller->guest;
	struct kvm_regs wanted;
	uint64_t nr = some_number();

	guest_prepare(guest, nr, 0, 0, 0, 0);
	fill_registers(&guest->regs);
	wanted = guest->regs;
	expected(caller, &wanted);
	guest_enter(guest);
	if (is_elses(cut(caller, nr)))
		return true;
	if (!memcmp(&guest->regs, &wanted, sizeof(wanted)))
		return true;
	ksft_print_msg("mode %d, ring %d, number %#lx: RAX is %#llx, not %#llx, or another is wrong\n",
		       caller->mode, caller->ring, nr, guest->regs.rax, wanted.rax);

	return false;
}

static unsigned int wrong_calls(unsigned int calls)
{
	unsigned int i, wrong = 0;
	int log;

	for (i = 0; i < ARRAY_SIZE(callers); i++)
		guest_create(&callers[i].guest, callers[i].mode, callers[i].ring);
	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		must_control("register fuzz%u %lu %u %s %ld", i, handlers[i].nr, handlers[i].flags,
			     handlers[i].kind_name, handlers[i].value);
	log = log_mark();
	for (i = 0; i < calls; i++)
		wrong += !call_is_right();
	logged += log_lines(log, "hcx");
	close(log);
	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		must_control("unregister fuzz%u", i);
	for (i = 0; i < ARRAY_SIZE(callers); i++)
		guest_free(&callers[i].guest);

	return wrong;
}

static bool is_allotted(uint64_t nr)
{
	return nr >= HCX_NR_ALLOTTED_FIRST && nr <= HCX_NR_ALLOTTED_LAST;
}

/*
 * Numbers of the whole space, which nobody has, where nearly as many handlers are as there can be:
 * how many are answered.
 */
static unsigned int answered_unknown(enum guest_mode mode, unsigned int calls)
{
	const uint64_t enosys = mode == GUEST_LONG ? ERR64(KVM_ENOSYS) : ERR32(KVM_ENOSYS);
	const uint32_t step = UINT32_MAX / calls;
	unsigned int i, answered = 0;
	struct guest guest;
	uint32_t nr;

	guest_create(&guest, mode, 0);
	for (i = 0; i < calls; i++) {
		nr = i * step + below(step);
		if (!is_elses(nr) && !is_allotted(nr))
			answered += guest_call0(&guest, nr) != enosys;
	}
	guest_free(&guest);

	return answered;
}

static unsigned int answered_among_many(unsigned int calls)
{
	unsigned int answered;
	int log;

	must_control("many 4000");
	log = log_mark();
	answered = answered_unknown(GUEST_LONG, calls) + answered_unknown(GUEST_PROTECTED, calls);
	logged += log_lines(log, "hcx");
	close(log);
	must_control("many 0");

	return answered;
}

/* Guest memory beside the guest's own: slots of it side by side, read-only, and a hole. */
#define FIRST		0x100000
#define PAGES		24

static const struct {
	uint64_t gpa, pages;
	uint32_t flags;
} slots[] = {
	{ FIRST, 3, 0 },
	{ FIRST + 0x3000, 5, 0 },
	{ FIRST + 0x8000, 4, KVM_MEM_READONLY },
	{ FIRST + 0x10000, 8, 0 },
};

static uint8_t buffer[BUFFER_SIZE], got[BUFFER_SIZE];

/* What the slots have to hold. */
static uint8_t memory[PAGES * 4096];

/* The slot that an address is in, or -1. */
static int slot_of(uint64_t gpa)
{
	int i;

	for (i = ARRAY_SIZE(slots) - 1; i >= 0; i--)
		if (gpa >= slots[i].gpa && gpa < slots[i].gpa + slots[i].pages * 4096)
			break;

	return i;
}

static bool memory_is_right(struct guest *guest)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++)
		if (memcmp(addr_gpa2hva(guest->vm, slots[i].gpa), memory + slots[i].gpa - FIRST,
			   slots[i].pages * 4096))
			return false;

	return true;
}

/* Strings end here and there. */
static void fill_slots(struct guest *guest)
{
	unsigned int i, j;
	uint8_t *bytes;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		bytes = memory + slots[i].gpa - FIRST;
		for (j = 0; j < slots[i].pages * 4096; j++)
			bytes[j] = below(3000) ? 1 + below(255) : 0;
		memcpy(addr_gpa2hva(guest->vm, slots[i].gpa), bytes, slots[i].pages * 4096);
	}
}

static int range_error(uint64_t gpa, uint64_t len, bool write)
{
	uint64_t page;
	int i;

	if (!len)
		return 0;
	if (gpa + len - 1 < gpa)
		return -KVM_EINVAL;
	for (page = gpa & ~4095ULL; page <= gpa + len - 1; page += 4096) {
		i = slot_of(page);
		if (i < 0 || (write && slots[i].flags & KVM_MEM_READONLY))
			return -KVM_EFAULT;
	}

	return 0;
}

static int64_t string_result(uint64_t gpa, uint64_t size)
{
	uint64_t i;

	if (!size || size > BUFFER_SIZE)
		return -KVM_EINVAL;
	for (i = 0; i < size; i++) {
		if (slot_of(gpa + i) < 0)
			return -KVM_EFAULT;
		if (!memory[gpa + i - FIRST])
			return i;
	}

	return -KVM_E2BIG;
}

/* At and around the slots' ends, and anywhere. */
static uint64_t some_address(void)
{
	switch (below(8)) {
	case 0:
		return some_word() | 1ULL << 40;
	case 1:
	case 2:
	case 3:
		return FIRST + below(PAGES + 1) * 4096 + below(17) - 8;
	default:
		return FIRST + below(PAGES * 4096);
	}
}

/* What is not refused fits the host's buffer: no more than that is memory side by side. */
static uint64_t some_length(void)
{
	switch (below(8)) {
	case 0:
		return some_word();
	case 1:
		return below(3) * 4096 + below(17) - 8;
	default:
		return below(40000);
	}
}

static bool tell_wrong(const char *what, uint64_t gpa, uint64_t len, uint64_t rax, int64_t wanted)
{
	ksft_print_msg("%s of %#lx bytes at %#lx: RAX is %#lx, and %#lx is right\n", what, len, gpa,
		       rax, wanted);
	return false;
}

static bool read_is_right(struct guest *guest, uint64_t gpa, uint64_t len)
{
	int64_t wanted = range_error(gpa, len, false);
	uint64_t rax = guest_call(guest, 0x80, gpa, len, 0, 0);

	buffer_get(got, sizeof(got));
	if (!wanted)
		memcpy(buffer, memory + gpa - FIRST, len);

	return (rax == wanted && !memcmp(got, buffer, sizeof(got))) ||
	       tell_wrong("a read", gpa, len, rax, wanted);
}

static bool write_is_right(struct guest *guest, uint64_t gpa, uint64_t len)
{
	int64_t wanted = range_error(gpa, len, true);
	uint64_t rax = guest_call(guest, 0x81, gpa, len, 0, 0);

	if (!wanted)
		memcpy(memory + gpa - FIRST, buffer, len);

	return (rax == wanted && memory_is_right(guest)) ||
	       tell_wrong("a write", gpa, len, rax, wanted);
}

static bool string_is_right(struct guest *guest, uint64_t gpa, uint64_t size)
{
	int64_t wanted = string_result(gpa, size);
	uint64_t rax = guest_call(guest, 0x82, gpa, size, 0, 0);
	bool same = true;

	buffer_get(got, sizeof(got));
	if (wanted >= 0)
		same = !memcmp(got, memory + gpa - FIRST, wanted + 1);

	return (rax == wanted && same) || tell_wrong("a string", gpa, size, rax, wanted);
}

static bool copy_is_right(struct guest *guest)
{
	static bool (*const kinds[])(struct guest *, uint64_t, uint64_t) = {
		read_is_right, write_is_right, string_is_right,
	};
	uint64_t word = any_word();
	unsigned int i;

	for (i = 0; i < sizeof(buffer); i += sizeof(word))
		memcpy(buffer + i, &word, sizeof(word));
	buffer_set(buffer, sizeof(buffer));

	return kinds[below(ARRAY_SIZE(kinds))](guest, some_address(), some_length());
}

static unsigned int wrong_copies(unsigned int copies)
{
	unsigned int i, wrong = 0;
	struct guest guest;
	int log;

	guest_create(&guest, GUEST_LONG, 0);
	for (i = 0; i < ARRAY_SIZE(slots); i++)
		vm_userspace_mem_region_add(guest.vm, VM_MEM_SRC_ANONYMOUS, slots[i].gpa, i + 1,
					    slots[i].pages, slots[i].flags);
	fill_slots(&guest);
	must_control("register read 0x80 0 read 0");
	must_control("register write 0x81 0 write 0");
	must_control("register string 0x82 0 string 0");
	log = log_mark();
	for (i = 0; i < copies; i++)
		wrong += !copy_is_right(&guest);
	logged += log_lines(log, "hcx");
	close(log);
	must_control("unregister read");
	must_control("unregister write");
	must_control("unregister string");
	guest_free(&guest);

	return wrong;
}

int main(int argc, char **argv)
{
	unsigned int calls = argc > 1 ? atoi(argv[1]) : 2000;

	require_hcx(4);
	fuzz_seed(argc > 2 ? strtoull(argv[2], NULL, 0) : 1);
	expect(wrong_calls(calls), 0, "%u calls of any number, in any mode and ring", calls);
	expect(answered_among_many(calls / 8), 0,
	       "%u calls of numbers that nobody has, among 4000 handlers", calls / 4);
	expect(wrong_copies(calls / 4), 0, "%u copies of any memory", calls / 4);
	expect(logged, 0, "nothing of it is in the kernel log");
	ksft_finished();
}
