// SPDX-License-Identifier: GPL-2.0
/* What the registry refuses, with which error; and that a refusal changes nothing. */
#include "guest.h"
#include "hcx_util.h"

#define ANY "0xffffffff"

static void test_numbers(struct guest *guest)
{
	static const uint32_t reserved[] = {
		0, 1, 5, 12, HCX_NR_DISCOVERY, HCX_NR_ALLOTTED_FIRST, HCX_NR_ALLOTTED_LAST,
		0x80000000, 0xfffffffe,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		expect(control("register reserved %#x 0 value 7", reserved[i]), -EINVAL,
		       "reserved number %#x is refused", reserved[i]);
	expect(guest_call0(guest, 0x80000000), ERR64(KVM_ENOSYS),
	       "a number that cannot be registered is KVM's");
}

static void test_names(void)
{
	static const char * const wrong[] = {
		"12345678901234567", "Upper", "a/b", "a%b", "\xe9t\xe9",
	};
	static const char * const right[] = { "1234567890123456", "a", "a-b_c.9" };
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		expect(control("register %s " ANY " 0 value 7", wrong[i]), -EINVAL,
		       "name '%s' is refused", wrong[i]);
	for (i = 0; i < ARRAY_SIZE(right); i++) {
		expect(control("register %s " ANY " 0 value 7", right[i]), 0,
		       "name '%s' is taken", right[i]);
		must_control("unregister %s", right[i]);
	}
}

static void test_fields(void)
{
	static const char * const fields[] = { "name", "owner", "call" };
	static const unsigned int flags[] = { 4, 5, 0x80000000 };
	int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		expect(control("broken %s", fields[i]), -EINVAL, "no %s is refused", fields[i]);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		expect(control("register flags " ANY " %#x value 7", flags[i]), -EINVAL,
		       "unknown flags in %#x are refused", flags[i]);
}

static void test_taken(struct guest *guest)
{
	must_control("register first 0x1f 0 value 1");
	expect(control("register second 0x1f 0 value 2"), -EBUSY, "a taken number is refused");
	expect(control("register first 0x20 0 value 2"), -EBUSY, "a taken name is refused");
	expect(control("register discovery 0x20 0 value 2"), -EBUSY,
	       "discovery's name is taken");
	expect(control("twice first"), -EINVAL, "a registered structure is refused");
	expect(guest_call0(guest, 0x1f), 1, "the first still answers");
	expect(guest_call0(guest, 0x20), ERR64(KVM_ENOSYS), "the refused do not");
}

static void test_replace(struct guest *guest)
{
	must_control("register other 0x21 0 value 3");
	expect(control("replace first fresh 0x20 0 value 4"), -EINVAL, "another number is refused");
	expect(control("replace first other 0x1f 0 value 4"), -EBUSY, "a taken name is refused");
	expect(control("replace first fresh 0x1f 8 value 4"), -EINVAL, "unknown flags are refused");
	expect(control("unregistered x"), -EINVAL, "one that is not registered is refused");
	expect(guest_call0(guest, 0x1f), 1, "the old one still answers");
	expect(control("replace first first " ANY " 0 value 4"), 0, "the same name is taken");
	expect(guest_call0(guest, 0x1f), 4, "the new one answers");
	expect(control("replace first fresh 0x1f 0 value 5"), 0, "a new name is taken");
	expect(guest_call0(guest, 0x1f), 5, "the newest one answers");
	expect(control("register first 0x20 0 value 6"), 0, "the old name is free");
	must_control("unregister first");
	must_control("unregister fresh");
	must_control("unregister other");
	expect(guest_call0(guest, 0x1f), ERR64(KVM_ENOSYS), "nothing is left");
}

static void test_allotted(void)
{
	uint32_t first, second;

	must_control("register a " ANY " 0 value 1");
	must_control("register b " ANY " 0 value 1");
	first = number_of("a");
	second = number_of("b");
	ksft_test_result(first >= HCX_NR_ALLOTTED_FIRST && second <= HCX_NR_ALLOTTED_LAST &&
			 first != second, "two numbers are allotted: %#x, %#x\n", first, second);
	must_control("unregister a");
	must_control("register a " ANY " 0 value 1");
	ksft_test_result(number_of("a") != first, "a freed number is not allotted at once\n");
	must_control("unregister a");
	must_control("unregister b");
}

static void test_full(struct guest *guest)
{
	expect(control("many 5000"), -ENOSPC, "more than the registry holds are refused");
	expect(control("many 4000"), 0, "4000 at once are taken");
	must_control("register one 0x1f 0 value 1");
	expect(guest_call0(guest, 0x1f), 1, "one among 4000 answers");
	must_control("unregister one");
	must_control("many 0");
}

int main(void)
{
	struct guest guest;

	require_hcx(10 + 8 + 6 + 6 + 11 + 2 + 3);
	guest_create(&guest, GUEST_LONG, 0);

	test_numbers(&guest);
	test_names();
	test_fields();
	test_taken(&guest);
	test_replace(&guest);
	test_allotted();
	test_full(&guest);

	guest_free(&guest);
	ksft_finished();
}
