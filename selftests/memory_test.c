// SPDX-License-Identifier: GPL-2.0
/* Handlers read and write the caller's memory, and only that. */
#include "guest.h"
#include "hcx_util.h"

/* Two memory slots side by side, then a read-only one, then a hole. */
#define SLOT_A		0x100000
#define SLOT_B		0x104000
#define SLOT_RO		0x108000
#define HOLE		0x10a000
#define PAGE		0x1000

#define READ		0x20
#define WRITE		0x21
#define STRING		0x22
#define PRIVATE		0x23

static uint8_t data[BUFFER_SIZE], wanted[BUFFER_SIZE];

static uint8_t pattern(uint64_t gpa)
{
	return gpa * 7 + (gpa >> 8);
}

static uint8_t *memory(struct guest *guest, uint64_t gpa)
{
	return addr_gpa2hva(guest->vm, gpa);
}

/* Page by page: the slots are not side by side in this process. */
static void fill_memory(struct guest *guest)
{
	uint64_t page, i;
	uint8_t *bytes;

	for (page = SLOT_A; page < HOLE; page += PAGE) {
		bytes = memory(guest, page);
		for (i = 0; i < PAGE; i++)
			bytes[i] = pattern(page + i);
	}
}

/* Puts @text there, with no NUL elsewhere. */
static void fill_text(struct guest *guest, uint64_t at, const char *text, size_t size)
{
	uint64_t page, i;

	for (page = SLOT_A; page < HOLE; page += PAGE)
		memset(memory(guest, page), 'x', PAGE);
	for (i = 0; i < size; i++)
		*memory(guest, at + i) = text[i];
}

static void fill_buffer(uint8_t value)
{
	memset(data, value, sizeof(data));
	buffer_set(data, sizeof(data));
}

static void test_reads(struct guest *guest, uint64_t gpa, uint64_t len, const char *what)
{
	uint64_t i;

	fill_buffer(0xee);
	memset(wanted, 0xee, sizeof(wanted));
	for (i = 0; i < len; i++)
		wanted[i] = pattern(gpa + i);
	expect(guest_call(guest, READ, gpa, len, 0, 0), 0, "read: %s", what);
	buffer_get(data, sizeof(data));
	ksft_test_result(!memcmp(data, wanted, sizeof(data)), "these bytes, and no other\n");
}

/* Nothing of the buffer is touched. */
static void test_read_refused(struct guest *guest, uint64_t gpa, uint64_t len, int error,
			      const char *what)
{
	fill_buffer(0xee);
	expect(guest_call(guest, READ, gpa, len, 0, 0), ERR64(error), "read: %s", what);
	memset(wanted, 0xee, sizeof(wanted));
	buffer_get(data, sizeof(data));
	ksft_test_result(!memcmp(data, wanted, sizeof(data)), "and nothing is read\n");
}

/* Whether memory is the pattern but for @len bytes of @value at @gpa. */
static bool memory_is(struct guest *guest, uint64_t gpa, uint64_t len, uint8_t value)
{
	uint64_t page, at;
	uint8_t *bytes;

	for (page = SLOT_A; page < HOLE; page += PAGE) {
		bytes = memory(guest, page);
		for (at = page; at < page + PAGE; at++)
			if (bytes[at - page] != (at - gpa < len ? value : pattern(at))) {
				ksft_print_msg("the byte at %#lx is %#x\n", at, bytes[at - page]);
				return false;
			}
	}

	return true;
}

static void test_writes(struct guest *guest, uint64_t gpa, uint64_t len, const char *what)
{
	fill_memory(guest);
	fill_buffer(0x77);
	expect(guest_call(guest, WRITE, gpa, len, 0, 0), 0, "write: %s", what);
	ksft_test_result(memory_is(guest, gpa, len, 0x77), "these bytes, and no other\n");
}

static void test_write_refused(struct guest *guest, uint64_t gpa, uint64_t len, int error,
			       const char *what)
{
	fill_memory(guest);
	fill_buffer(0x77);
	expect(guest_call(guest, WRITE, gpa, len, 0, 0), ERR64(error), "write: %s", what);
	ksft_test_result(memory_is(guest, 0, 0, 0), "and nothing is written\n");
}

static void test_ranges(struct guest *guest)
{
	test_reads(guest, SLOT_A + 5, 1, "a byte");
	test_reads(guest, SLOT_A, 4096, "a page");
	test_reads(guest, SLOT_A + 4090, 12, "across pages");
	test_reads(guest, SLOT_B - 3, 7, "across slots");
	test_reads(guest, SLOT_A + 1, HOLE - SLOT_A - 1, "three slots to the last byte");
	test_reads(guest, HOLE + 12345, 0, "length 0 anywhere");

	test_writes(guest, SLOT_A + 5, 1, "a byte");
	test_writes(guest, SLOT_A, 4096, "a page");
	test_writes(guest, SLOT_A + 4090, 12, "across pages");
	test_writes(guest, SLOT_B - 3, 7, "across slots");
	test_writes(guest, SLOT_A + 1, SLOT_RO - SLOT_A - 1, "two slots to the last byte");
	test_writes(guest, SLOT_RO, 0, "length 0 anywhere");
}

static void test_refused(struct guest *guest)
{
	static const struct {
		uint64_t gpa, len;
		int error;
		const char *what;
	} both[] = {
		{ HOLE, 1, KVM_EFAULT, "a hole" },
		{ 0xfee00000, 4, KVM_EFAULT, "MMIO" },
		{ SLOT_A | 1ULL << 47, 4, KVM_EFAULT, "an address bit too many" },
		{ -16ULL, 32, KVM_EINVAL, "past the end of the address space" },
		{ -16ULL, 16, KVM_EFAULT, "up to the end of the address space" },
		{ SLOT_A, 1ULL << 40, KVM_EFAULT, "a huge length" },
		{ SLOT_A, 1ULL << 63, KVM_EFAULT, "half of the address space" },
		{ SLOT_A, -1ULL, KVM_EINVAL, "the longest length" },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(both); i++) {
		test_read_refused(guest, both[i].gpa, both[i].len, both[i].error, both[i].what);
		test_write_refused(guest, both[i].gpa, both[i].len, both[i].error, both[i].what);
	}
	test_read_refused(guest, HOLE - 1, 2, KVM_EFAULT, "memory, then a hole");
	test_write_refused(guest, SLOT_RO, 1, KVM_EFAULT, "a read-only slot");
	test_write_refused(guest, SLOT_RO - 1, 2, KVM_EFAULT, "memory, then a read-only slot");
}

static void test_private(struct guest *guest)
{
	uint64_t answer;

	fill_buffer(0xee);
	answer = guest_call(guest, PRIVATE, SLOT_A, 1, 0, 0);
	if (answer == ERR64(KVM_ENOSYS))
		ksft_test_result_skip("this kernel has no private memory\n");
	else
		expect(answer, ERR64(KVM_EOPNOTSUPP), "read: private to the guest");
}

static void test_string(struct guest *guest, uint64_t gpa, const char *text, const char *what)
{
	size_t len = strlen(text);

	fill_text(guest, gpa, text, len + 1);
	fill_buffer(0xee);
	expect(guest_call(guest, STRING, gpa, len + 1, 0, 0), len, "string: %s", what);
	buffer_get(data, sizeof(data));
	ksft_test_result(!memcmp(data, text, len + 1) && data[len + 1] == 0xee,
			 "and this is the text\n");
}

static void test_string_refused(struct guest *guest, uint64_t gpa, uint64_t size, int error,
				const char *what)
{
	fill_buffer(0xee);
	expect(guest_call(guest, STRING, gpa, size, 0, 0), ERR64(error), "string: %s", what);
	buffer_get(data, sizeof(data));
	ksft_test_result(!data[0] && data[size] == 0xee, "it is empty\n");
}

/* The handler's text is left alone, even its first byte. */
static void test_string_size_refused(struct guest *guest, uint64_t size, const char *what)
{
	fill_buffer(0xee);
	expect(guest_call(guest, STRING, SLOT_A, size, 0, 0), ERR64(KVM_EINVAL), "string: %s",
	       what);
	memset(wanted, 0xee, sizeof(wanted));
	buffer_get(data, sizeof(data));
	ksft_test_result(!memcmp(data, wanted, sizeof(data)), "and nothing is read\n");
}

static void test_strings(struct guest *guest)
{
	test_string(guest, SLOT_A, "", "empty");
	test_string(guest, SLOT_A + 100, "hello", "in a page");
	test_string(guest, SLOT_A + 4093, "hello", "across pages");
	test_string(guest, SLOT_B - 3, "hello", "across slots");
	test_string(guest, SLOT_RO - 6, "hello", "up to the last byte");

	fill_text(guest, SLOT_A, "", 0);
	test_string_refused(guest, SLOT_A, 1, KVM_E2BIG, "no room for one character");
	test_string_refused(guest, SLOT_A, 5000, KVM_E2BIG, "too long");
	test_string_refused(guest, HOLE, 10, KVM_EFAULT, "in a hole");
	test_string_refused(guest, HOLE - 5, 10, KVM_EFAULT, "into a hole");
	test_string_size_refused(guest, 0, "no room at all");
	test_string_size_refused(guest, BUFFER_SIZE + 1, "more than a string may have");
	test_string_refused(guest, -5ULL, 10, KVM_EFAULT, "at the end of the address space");
}

/* Its low 32 bits are the address, whatever the rest is. */
static void test_32bit(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_PROTECTED, 0);
	memcpy(memory(&guest, 0x5000), "32 bits", 8);
	fill_buffer(0xee);
	expect(guest_call(&guest, READ, 0xdeadbeef00005000, 0xdeadbeef00000008, 0, 0), 0,
	       "read: of a 32-bit caller");
	buffer_get(data, sizeof(data));
	ksft_test_result(!strcmp((char *)data, "32 bits"), "from the address of 32 bits\n");
	guest_free(&guest);
}

/* A handler that is open to ring 3 is not open to physical addresses from there. */
static void test_ring3(void)
{
	static const uint32_t numbers[] = { READ, WRITE, STRING };
	long before = calls_of("read");
	struct guest guest;
	int i;

	guest_create(&guest, GUEST_LONG, 3);
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		expect(guest_call(&guest, numbers[i], 0x5000, 8, 0, 0), ERR64(KVM_EPERM),
		       "ring 3: number %#x", numbers[i]);
	expect(calls_of("read"), before + 1, "ring 3: the handler was asked, and the core refused");
	guest_free(&guest);
}

static void test_unmapped(struct guest *guest)
{
	static const uint8_t zeroes[8];

	fill_buffer(0xee);
	munmap(memory(guest, SLOT_A + 0x1000), 0x1000);
	expect(guest_call(guest, READ, SLOT_A + 0xffc, 8, 0, 0), ERR64(KVM_EFAULT),
	       "read: memory that the VMM has unmapped");
	buffer_get(data, sizeof(data));
	ksft_test_result(!memcmp(data, zeroes, 8) && data[8] == 0xee, "it is zeroes\n");
	expect(guest_call(guest, WRITE, SLOT_A + 0xffc, 8, 0, 0), ERR64(KVM_EFAULT),
	       "write: memory that the VMM has unmapped");
	expect(guest_call(guest, STRING, SLOT_A + 0x1000, 8, 0, 0), ERR64(KVM_EFAULT),
	       "string: memory that the VMM has unmapped");
}

int main(void)
{
	struct guest guest;

	require_hcx(12 * 2 + 19 * 2 + 1 + 12 * 2 + 2 + 4 + 4);
	must_control("register read %#x %d read 0", READ, HCX_RING3);
	must_control("register write %#x %d write 0", WRITE, HCX_RING3);
	must_control("register string %#x %d string 0", STRING, HCX_RING3);
	must_control("register private %#x 0 private 0", PRIVATE);

	guest_create(&guest, GUEST_LONG, 0);
	vm_userspace_mem_region_add(guest.vm, VM_MEM_SRC_ANONYMOUS, SLOT_A, 1, 4, 0);
	vm_userspace_mem_region_add(guest.vm, VM_MEM_SRC_ANONYMOUS, SLOT_B, 2, 4, 0);
	vm_userspace_mem_region_add(guest.vm, VM_MEM_SRC_ANONYMOUS, SLOT_RO, 3, 2,
				    KVM_MEM_READONLY);
	fill_memory(&guest);
	test_ranges(&guest);
	test_refused(&guest);
	test_private(&guest);
	test_strings(&guest);
	test_32bit();
	test_ring3();
	test_unmapped(&guest);

	guest_free(&guest);
	ksft_finished();
}
