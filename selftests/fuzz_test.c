// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls, each held against what the ABI says of it: any number, discovery and the handlers
 * that others have among them, any registers, in every mode and ring.
 *
 * fuzz_test [CALLS [SEED]]
 */
#include <stdlib.h>

#include "fuzz_guest.h"
#include "hcx_util.h"

/* Lines in the kernel log. */
static unsigned int logged;

static struct guest guests[CALLER_KINDS];

/* What is called: handlers of hcx_test.ko's, and what answers in any case. */
enum kind { VALUE, ARG, CALLER, RESULTS, DISCOVERY, ECHO, CLOCK };

static struct {
	const char *name;
	uint64_t nr;
	enum kind kind;
	const char *kind_name;
	uint64_t value;
	uint32_t flags;
} handlers[] = {
	{ "fuzz0", 13, VALUE, "value", 0x1122334455667788, 0 },
	{ "fuzz1", 0x71, VALUE, "value", -1000, HCX_RING3 },
	{ "fuzz2", 0x72, ARG, "arg", 3, 0 },
	{ "a-name-of-16.fuz", 0x4b590000, ARG, "arg", 0, HCX_RING3 },
	{ "a-name-of-12", 0x7ffffffe, CALLER, "caller", 0, HCX_RING3 },
	{ "fuzz5", HCX_NR_LAST, RESULTS, "results", 7,
	  HCX_RING3 | HCX_RESULT_RBX | HCX_RESULT_RDX },
	{ "discovery", HCX_NR_DISCOVERY, DISCOVERY, NULL, 0, HCX_RING3 },
	{ "echo", HCX_NR_ANY, ECHO, NULL, 0, 0 },
	{ "clock", HCX_NR_ANY, CLOCK, NULL, 0,
	  HCX_RESULT_RBX | HCX_RESULT_RCX | HCX_RESULT_RDX | HCX_RESULT_RSI },
};

static bool is_allotted(uint64_t nr)
{
	return nr >= HCX_NR_ALLOTTED_FIRST && nr <= HCX_NR_ALLOTTED_LAST;
}

/* -1: none of those has it. */
static int find_handler(uint64_t nr)
{
	int i;

	for (i = ARRAY_SIZE(handlers) - 1; i >= 0 && handlers[i].nr != nr; i--)
		;

	return i;
}

/*
 * Not one that another handler of the host's may have, nor that by which KVM writes to memory,
 * which may be where the guest's program is.
 */
static bool is_unfit(uint32_t nr)
{
	return nr == KVM_HC_CLOCK_PAIRING || (is_allotted(nr) && find_handler(nr) < 0);
}

static uint64_t some_number(void)
{
	uint64_t nr = handlers[below(ARRAY_SIZE(handlers))].nr;

	switch (below(4)) {
	case 0:
		nr ^= 1ULL << below(64);
		break;
	case 1:
		nr = some_word();
		break;
	}

	return is_unfit(nr) ? HCX_NR_KVM_LAST + 1 : nr;
}

/* KVM's own numbers answer as the host is. */
static bool is_kvms(uint64_t nr)
{
	return nr <= HCX_NR_KVM_LAST;
}

/* What discovery says of what is not there. */
static int64_t hidden(const struct caller_kind *caller)
{
	return caller->ring ? -KVM_EPERM : -KVM_ENOSYS;
}

static bool is_hidden(const struct caller_kind *caller, int i)
{
	return i < 0 || (caller->ring && !(handlers[i].flags & HCX_RING3));
}

static int find_name(const char *name)
{
	char padded[HCX_NAME_LEN];
	int i;

	for (i = ARRAY_SIZE(handlers) - 1; i >= 0; i--) {
		memset(padded, 0, sizeof(padded));
		memcpy(padded, handlers[i].name, strlen(handlers[i].name));
		if (!memcmp(padded, name, sizeof(padded)))
			break;
	}

	return i;
}

/* The name that the registers have: eight bytes in each, or four. */
static void name_of(const struct caller_kind *caller, const struct kvm_regs *regs, char *name)
{
	unsigned int width = is_long(caller) ? 8 : 4, n;
	uint64_t word;

	memset(name, 0, HCX_NAME_LEN);
	for (n = 1; n < (is_long(caller) ? 3 : 4); n++) {
		word = arg_of(caller, regs, n);
		memcpy(name + (n - 1) * width, &word, width);
	}
}

static uint64_t discovered(const struct caller_kind *caller, const struct kvm_regs *regs)
{
	char name[HCX_NAME_LEN];
	int i;

	switch (arg_of(caller, regs, 0)) {
	case HCX_DISCOVER_VERSION:
		return HCX_ABI_VERSION;
	case HCX_DISCOVER_FEATURES:
		return HCX_FEATURE_RING3 | HCX_FEATURE_RESULTS;
	case HCX_DISCOVER_NUMBER:
		i = find_handler(arg_of(caller, regs, 1));
		return is_hidden(caller, i) ? hidden(caller) : handlers[i].flags;
	case HCX_DISCOVER_NAME:
		name_of(caller, regs, name);
		i = find_name(name);
		return is_hidden(caller, i) ? hidden(caller) : handlers[i].nr;
	default:
		return -KVM_EOPNOTSUPP;
	}
}

/* In its registers, or in those of a caller of the other width. */
static void pass_name(const struct caller_kind *caller, struct kvm_regs *regs)
{
	unsigned int width = is_long(caller) == !one_in(8) ? 8 : 4;
	__u64 *const words[] = { &regs->rcx, &regs->rdx, &regs->rsi };
	const char *text = handlers[below(ARRAY_SIZE(handlers))].name;
	uint64_t name[3] = {};
	unsigned int n;

	memcpy(name, text, strlen(text));
	if (one_in(3))
		damage(name, HCX_NAME_LEN);
	for (n = 0; n < ARRAY_SIZE(words); n++) {
		*words[n] = 0;
		memcpy(words[n], (char *)name + n * width, width);
	}
}

/* A question that has an answer, mostly. */
static void ask(const struct caller_kind *caller, struct kvm_regs *regs)
{
	regs->rbx = below(5);
	pass_name(caller, regs);
	if (regs->rbx == HCX_DISCOVER_NUMBER)
		regs->rcx = one_in(2) ? handlers[below(ARRAY_SIZE(handlers))].nr : some_border();
	if (one_in(8))
		regs->rbx = some_word();
	else if (!is_long(caller) || one_in(16))
		regs->rbx |= any_word() << 32;
	if (!is_long(caller) || one_in(16))
		regs->rcx |= any_word() << 32;
	if (arg_of(caller, regs, 0) == HCX_DISCOVER_NUMBER && is_unfit(regs->rcx))
		regs->rcx = 0;
}

static uint64_t echoed(const struct caller_kind *caller, const struct kvm_regs *regs)
{
	uint64_t sum = 0;
	unsigned int n;

	for (n = 0; n < 4; n++)
		sum += (n + 1) * arg_of(caller, regs, n);

	return sum;
}

static uint64_t answer(const struct caller_kind *caller, const struct kvm_regs *regs, int i)
{
	switch (handlers[i].kind) {
	case ARG:
		return arg_of(caller, regs, handlers[i].value);
	case CALLER:
		return is_long(caller) + 2 * !!caller->ring;
	case DISCOVERY:
		return discovered(caller, regs);
	case ECHO:
		return echoed(caller, regs);
	case CLOCK:
		return is_long(caller) ? 0 : -KVM_EOPNOTSUPP;
	default:
		return handlers[i].value;
	}
}

/* @regs as the call has to leave them, which has left @now; clock_test is about the clocks. */
static void expected(const struct caller_kind *caller, struct kvm_regs *regs,
		     const struct kvm_regs *now)
{
	int i = find_handler(cut(caller, regs->rax));

	regs->rip += INSN_SIZE;
	if (is_hidden(caller, i)) {
		regs->rax = cut(caller, hidden(caller));
		return;
	}
	regs->rax = cut(caller, answer(caller, regs, i));
	if (handlers[i].kind == RESULTS) {
		regs->rbx = cut(caller, 0xabcdef0000000000);
		regs->rdx = cut(caller, 0xabcdef0000000002);
	} else if (handlers[i].kind == CLOCK && is_long(caller)) {
		regs->rbx = now->rbx;
		regs->rcx = now->rcx;
		regs->rdx = now->rdx;
		regs->rsi = now->rsi;
	}
}

/* One call: whether it left what it had to. */
static bool call_is_right(void)
{
	unsigned int who = below(CALLER_KINDS);
	const struct caller_kind *caller = &caller_kinds[who];
	struct guest *guest = &guests[who];
	struct kvm_regs wanted;
	uint64_t nr = some_number();

	guest_prepare(guest, nr, 0, 0, 0, 0);
	fill_registers(&guest->regs);
	if (cut(caller, nr) == HCX_NR_DISCOVERY)
		ask(caller, &guest->regs);
	wanted = guest->regs;
	guest_enter(guest);
	if (is_kvms(cut(caller, nr)))
		return true;
	expected(caller, &wanted, &guest->regs);
	if (!memcmp(&guest->regs, &wanted, sizeof(wanted)))
		return true;
	ksft_print_msg("mode %d, ring %d, number %#lx, %#llx, %#llx: RAX is %#llx, not %#llx, or another is wrong\n",
		       caller->mode, caller->ring, nr, wanted.rbx, wanted.rcx, guest->regs.rax,
		       wanted.rax);

	return false;
}

/* Of those that have been allotted one. */
static void find_numbers(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (handlers[i].kind != ECHO && handlers[i].kind != CLOCK)
			continue;
		handlers[i].nr = guest_find(&guests[LONG_RING_0], handlers[i].name);
		TEST_ASSERT(is_allotted(handlers[i].nr), "there is no %s", handlers[i].name);
	}
}

static void register_handlers(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].kind_name)
			must_control("register %s %lu %u %s %ld", handlers[i].name, handlers[i].nr,
				     handlers[i].flags, handlers[i].kind_name, handlers[i].value);
}

static unsigned int wrong_calls(unsigned int calls)
{
	unsigned int i, wrong = 0;
	int log;

	for (i = 0; i < CALLER_KINDS; i++)
		guest_create(&guests[i], caller_kinds[i].mode, caller_kinds[i].ring);
	find_numbers();
	register_handlers();
	log = log_mark();
	for (i = 0; i < calls; i++)
		wrong += !call_is_right();
	logged += log_lines(log, "hcx");
	close(log);
	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].kind_name)
			must_control("unregister %s", handlers[i].name);
	for (i = 0; i < CALLER_KINDS; i++)
		guest_free(&guests[i]);

	return wrong;
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
		if (!is_kvms(nr) && nr != HCX_NR_DISCOVERY && !is_allotted(nr))
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

int main(int argc, char **argv)
{
	unsigned int calls = argc > 1 ? atoi(argv[1]) : 2000;

	require_hcx(3);
	require_module("hcx_clock");
	require_module("hcx_echo");
	fuzz_seed(argc > 2 ? strtoull(argv[2], NULL, 0) : 1);
	expect(wrong_calls(calls), 0, "%u calls of any number, in any mode and ring", calls);
	expect(answered_among_many(calls / 8), 0,
	       "%u calls of numbers that nobody has, among 4000 handlers", calls / 4);
	expect(logged, 0, "nothing of it is in the kernel log");
	ksft_finished();
}
