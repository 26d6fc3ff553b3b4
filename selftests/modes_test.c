// SPDX-License-Identifier: GPL-2.0
/* Callers in every mode: arguments and results are as wide as the mode is. */
#include "guest.h"
#include "hcx_util.h"

#define GARBAGE 0xdeadbeef00000000

static const struct {
	enum guest_mode mode;
	const char *name;
} modes32[] = {
	{ GUEST_REAL, "real" },
	{ GUEST_PROTECTED, "protected" },
	{ GUEST_COMPATIBILITY, "compatibility" },
};

static void test_32bit(enum guest_mode mode, const char *name)
{
	struct guest guest;

	guest_create(&guest, mode, 0);

	must_control("register caller 0x20 0 caller 0");
	expect(guest_call0(&guest, 0x20), 0, "%s: the caller is no 64-bit one", name);
	must_control("unregister caller");

	must_control("register arg 0x20 0 arg 2");
	expect(guest_call(&guest, GARBAGE | 0x20, GARBAGE | 1, GARBAGE | 2, GARBAGE | 0x80000003,
			  GARBAGE | 4), 0x80000003, "%s: garbage in upper halves is cut off", name);
	must_control("unregister arg");

	must_control("register wide 0x20 0 value 0x123456789abcdef0");
	expect(guest_call0(&guest, 0x20), 0x9abcdef0, "%s: the result is cut off", name);
	expect(guest_call0(&guest, 0x21), ERR32(KVM_ENOSYS), "%s: an unknown number", name);
	expect(guest_call0(&guest, GARBAGE | 0x21), ERR32(KVM_ENOSYS),
	       "%s: an unknown number, with garbage", name);
	must_control("unregister wide");

	guest_free(&guest);
}

static void test_64bit(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);

	must_control("register caller 0x20 0 caller 0");
	expect(guest_call0(&guest, 0x20), 1, "long: the caller is a 64-bit one");
	expect(guest_call0(&guest, GARBAGE | 0x20), ERR64(KVM_ENOSYS),
	       "long: upper bits make it another number");
	expect(guest_call0(&guest, 1ULL << 32 | 0x20), ERR64(KVM_ENOSYS),
	       "long: so does one of them");
	expect(calls_of("caller"), 1, "long: and the handler was not called");
	must_control("unregister caller");

	guest_free(&guest);
}

int main(void)
{
	int i;

	require_hcx(ARRAY_SIZE(modes32) * 5 + 4);
	for (i = 0; i < ARRAY_SIZE(modes32); i++)
		test_32bit(modes32[i].mode, modes32[i].name);
	test_64bit();
	ksft_finished();
}
