// SPDX-License-Identifier: GPL-2.0
/* What handlers write to the caller's memory, dirty logging sees. */
#include "guest.h"
#include "hcx_util.h"

#define SLOT		1
#define SLOT_GPA	0x100000
#define SLOT_PAGES	80

#define READ		0x20
#define WRITE		0x21

static unsigned long dirty[(SLOT_PAGES + 63) / 64];

static void create(struct guest *guest)
{
	guest_add_vcpu(guest, 0, GUEST_LONG, 0);
	vm_userspace_mem_region_add(guest->vm, VM_MEM_SRC_ANONYMOUS, SLOT_GPA, SLOT, SLOT_PAGES,
				    KVM_MEM_LOG_DIRTY_PAGES);
}

/* A write from the middle of page @first to that of page @last. */
static uint64_t write_pages(struct guest *guest, int first, int last)
{
	return guest_call(guest, WRITE, SLOT_GPA + first * 4096 + 2048, (last - first) * 4096,
			  0, 0);
}

/* The log holds pages @first to @last and no other; -1: none. */
static void expect_dirty(int first, int last, const char *what)
{
	int page, wrong = 0;

	for (page = 0; page < SLOT_PAGES; page++)
		if ((dirty[page / 64] >> page % 64 & 1) != (page >= first && page <= last)) {
			ksft_print_msg("page %d is wrong\n", page);
			wrong++;
		}
	ksft_test_result(!wrong, "%s\n", what);
}

static void get_log(struct guest *guest)
{
	memset(dirty, 0xff, sizeof(dirty));
	kvm_vm_get_dirty_log(guest->vm, SLOT, dirty);
}

static void test_log(void)
{
	struct guest guest;

	guest_create_vm(&guest);
	create(&guest);
	get_log(&guest);

	expect(write_pages(&guest, 62, 66), 0, "log: a write");
	get_log(&guest);
	expect_dirty(62, 66, "log: it has these pages");
	get_log(&guest);
	expect_dirty(-1, -2, "log: got, it is empty");
	expect(write_pages(&guest, 5, 6), 0, "log: another write");
	get_log(&guest);
	expect_dirty(5, 6, "log: it has these pages");

	expect(guest_call(&guest, READ, SLOT_GPA, 4096, 0, 0), 0, "log: a read");
	expect(guest_call(&guest, WRITE, SLOT_GPA, 0, 0, 0), 0, "log: a write of nothing");
	expect(guest_call(&guest, WRITE, SLOT_GPA + SLOT_PAGES * 4096 - 1, 2, 0, 0),
	       ERR64(KVM_EFAULT), "log: a write that is refused");
	get_log(&guest);
	expect_dirty(-1, -2, "log: it is empty");

	vm_mem_region_set_flags(guest.vm, SLOT, 0);
	expect(write_pages(&guest, 1, 2), 0, "log: switched off, a write");
	vm_mem_region_set_flags(guest.vm, SLOT, KVM_MEM_LOG_DIRTY_PAGES);
	expect(write_pages(&guest, 3, 4), 0, "log: switched on, a write");
	get_log(&guest);
	expect_dirty(3, 4, "log: it has these pages");

	guest_free(&guest);
}

static void test_manual_protect(void)
{
	struct guest guest;

	guest_create_vm(&guest);
	vm_enable_cap(guest.vm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		      KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE);
	create(&guest);

	expect(write_pages(&guest, 62, 66), 0, "manual protect: a write");
	get_log(&guest);
	expect_dirty(62, 66, "manual protect: the log has these pages");
	get_log(&guest);
	expect_dirty(62, 66, "manual protect: got, it still has");
	kvm_vm_clear_dirty_log(guest.vm, SLOT, dirty, 0, SLOT_PAGES);
	get_log(&guest);
	expect_dirty(-1, -2, "manual protect: cleared, it is empty");
	expect(write_pages(&guest, 63, 64), 0, "manual protect: another write");
	get_log(&guest);
	expect_dirty(63, 64, "manual protect: the log has these pages");

	guest_free(&guest);
}

static void test_ring(void)
{
	struct guest guest;
	uint8_t byte = 0x11;

	if (!kvm_has_cap(KVM_CAP_DIRTY_LOG_RING)) {
		ksft_test_result_skip("this kernel has no dirty ring\n");
		ksft_test_result_skip("this kernel has no dirty ring\n");
		ksft_test_result_skip("this kernel has no dirty ring\n");
		return;
	}
	guest_create_vm(&guest);
	vm_enable_dirty_ring(guest.vm, 65536);
	create(&guest);
	*(uint8_t *)addr_gpa2hva(guest.vm, SLOT_GPA) = byte;
	buffer_set("\x22", 1);
	expect(guest_call(&guest, WRITE, SLOT_GPA, 1, 0, 0), ERR64(HCX_EBUSY),
	       "ring: a write is refused");
	expect(*(uint8_t *)addr_gpa2hva(guest.vm, SLOT_GPA), byte, "ring: and nothing is written");
	vm_mem_region_set_flags(guest.vm, SLOT, 0);
	expect(guest_call(&guest, WRITE, SLOT_GPA, 1, 0, 0), 0, "ring: logging off, a write");

	guest_free(&guest);
}

int main(void)
{
	require_hcx(12 + 6 + 3);
	must_control("register read %#x 0 read 0", READ);
	must_control("register write %#x 0 write 0", WRITE);
	test_log();
	test_manual_protect();
	test_ring();
	ksft_finished();
}
