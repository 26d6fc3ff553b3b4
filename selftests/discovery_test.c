// SPDX-License-Identifier: GPL-2.0
/* Discovery, from 64-bit and 32-bit callers, ring 0 and 3. */
#include "guest.h"
#include "hcx_util.h"

static uint64_t discover(struct guest *guest, uint64_t what, uint64_t a1, uint64_t a2, uint64_t a3)
{
	return guest_call(guest, HCX_NR_DISCOVERY, what, a1, a2, a3);
}

static uint64_t flags_of(struct guest *guest, uint32_t nr)
{
	return discover(guest, HCX_DISCOVER_NUMBER, nr, 0, 0);
}

/* In @width bytes a register. */
static uint64_t find(struct guest *guest, const char *name, int width)
{
	uint64_t words[3] = {};
	int i;

	for (i = 0; name[i]; i++)
		words[i / width] |= (uint64_t)name[i] << 8 * (i % width);

	return discover(guest, HCX_DISCOVER_NAME, words[0], words[1], words[2]);
}

static void test_ring0(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);
	expect(discover(&guest, HCX_DISCOVER_VERSION, 0, 0, 0), HCX_ABI_VERSION, "version");
	expect(discover(&guest, HCX_DISCOVER_FEATURES, 0, 0, 0),
	       HCX_FEATURE_RING3 | HCX_FEATURE_RESULTS,
	       "features");
	expect(discover(&guest, 4, 0, 0, 0), ERR64(KVM_EOPNOTSUPP), "an unknown question");
	expect(discover(&guest, 1ULL << 32, 0, 0, 0), ERR64(KVM_EOPNOTSUPP), "a 64-bit question");

	expect(flags_of(&guest, HCX_NR_DISCOVERY), HCX_RING3, "discovery itself");
	expect(flags_of(&guest, 0x20), 0, "a number closed to ring 3");
	expect(flags_of(&guest, 0x21), HCX_RING3, "one that is open to it");
	expect(flags_of(&guest, 0x22), ERR64(KVM_ENOSYS), "one that is not registered");
	expect(flags_of(&guest, KVM_HC_KICK_CPU), ERR64(KVM_ENOSYS), "one of KVM's own");
	expect(discover(&guest, HCX_DISCOVER_NUMBER, 1ULL << 32 | 0x20, 0, 0), ERR64(KVM_ENOSYS),
	       "one with upper bits");

	expect(find(&guest, "a", 8), 0x20, "a name of one byte");
	expect(find(&guest, "sixteen-bytes-16", 8), 0x21, "a name of sixteen");
	expect(find(&guest, "sixteen-bytes-1", 8), ERR64(KVM_ENOSYS), "the start of a name");
	expect(find(&guest, "", 8), ERR64(KVM_ENOSYS), "no name");
	guest_free(&guest);
}

static void test_ring3(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 3);
	expect(discover(&guest, HCX_DISCOVER_VERSION, 0, 0, 0), HCX_ABI_VERSION, "ring 3: version");
	expect(flags_of(&guest, 0x20), ERR64(KVM_EPERM), "ring 3: a closed number");
	expect(flags_of(&guest, 0x22), ERR64(KVM_EPERM), "ring 3: one that is not registered");
	expect(flags_of(&guest, 0x21), HCX_RING3, "ring 3: an open number");
	expect(find(&guest, "a", 8), ERR64(KVM_EPERM), "ring 3: a closed name");
	expect(find(&guest, "none", 8), ERR64(KVM_EPERM), "ring 3: an unknown name");
	expect(find(&guest, "sixteen-bytes-16", 8), 0x21, "ring 3: an open name");
	guest_free(&guest);
}

static void test_32bit(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_PROTECTED, 0);
	expect(discover(&guest, HCX_DISCOVER_VERSION, 0, 0, 0), HCX_ABI_VERSION, "32-bit: version");
	expect(flags_of(&guest, 0x22), ERR32(KVM_ENOSYS), "32-bit: not registered");
	expect(find(&guest, "a", 4), 0x20, "32-bit: a name of one byte");
	expect(find(&guest, "twelve-bytes", 4), 0x23, "32-bit: a name of twelve");
	guest_free(&guest);
}

int main(void)
{
	require_hcx(14 + 7 + 4);
	must_control("register a 0x20 0 value 7");
	must_control("register sixteen-bytes-16 0x21 %d value 7", HCX_RING3);
	must_control("register twelve-bytes 0x23 0 value 7");
	test_ring0();
	test_ring3();
	test_32bit();
	must_control("unregister a");
	must_control("unregister sixteen-bytes-16");
	must_control("unregister twelve-bytes");
	ksft_finished();
}
