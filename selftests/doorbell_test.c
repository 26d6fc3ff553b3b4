// SPDX-License-Identifier: GPL-2.0
/* A number signals an eventfd, without a handler module or an exit to the VMM. */
#include <sys/eventfd.h>

#include "session.h"

#define NR	0x50
#define OTHER	0x51

static struct guest guest;
static int session;

/* How often it was signalled since the last look. */
static uint64_t rung(int bell)
{
	uint64_t count;

	return read(bell, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static int make_bell(void)
{
	int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	TEST_ASSERT(bell >= 0, "no eventfd: %s", strerror(errno));
	return bell;
}

static void test_any(int bell)
{
	expect(doorbell(session, NR, "bell", 0, 0, bell), 0, "a number has a doorbell");
	expect(guest_call(&guest, NR, 1, 2, 3, 4), 0, "the guest finds 0");
	guest_call(&guest, NR, 5, 6, 7, 8);
	expect(rung(bell), 2, "each call rings it");
	expect(doorbell(session, NR, "bell", 0, 0, bell), EEXIST, "it is there once");
}

static void test_values(int any, int bell)
{
	expect(doorbell(session, NR, "bell", HCX_HOST_VALUE, 7, bell), 0, "another has a value");
	guest_call(&guest, NR, 7, 0, 0, 0);
	guest_call(&guest, NR, 0x100000007, 0, 0, 0);
	expect(rung(bell), 1, "only the value rings it");
	expect(rung(any), 2, "all ring the other");
	expect(doorbell(session, NR, "bell", HCX_HOST_VALUE, 7, any), 0, "a value can have two");
	guest_call(&guest, NR, 7, 0, 0, 0);
	expect(rung(any), 2, "an eventfd can be two doorbells");
	expect(rung(bell), 1, "each is rung");
}

static void test_taken_away(int any, int bell)
{
	const uint32_t away = HCX_HOST_DEASSIGN, value = HCX_HOST_VALUE;

	expect(doorbell(session, NR, "", away | value, 8, bell), ENOENT, "none has that value");
	expect(doorbell(session, OTHER, "", away, 0, any), ENOENT, "nor that number");
	expect(doorbell(session, NR, "", away | HCX_RING3, 0, any), ENOENT, "nor is open to ring 3");
	expect(doorbell(session, NR, "bell", away, 0, any), EINVAL, "who takes one away gives no name");
	expect(doorbell(session, NR, "", away, 0, any), 0, "one is taken away");
	expect(guest_call(&guest, NR, 8, 0, 0, 0), ERR64(KVM_ENOSYS),
	       "where none has the value the guest is told");
	expect(rung(any) + rung(bell), 0, "and none rings");
	must(doorbell(session, NR, "", away | value, 7, any));
	expect(guest_call(&guest, NR, 7, 0, 0, 0), 0, "the last is there");
	expect(doorbell(session, NR, "", away | value, 7, bell), 0, "and is taken away");
	expect(guest_call(&guest, NR, 7, 0, 0, 0), ERR64(KVM_ENOSYS), "then nobody has the number");
	expect(doorbell(session, NR, "anew", 0, 0, bell), 0, "which can be had anew");
	must(end(session, NR));
}

static void test_wrong(int bell)
{
	int i;

	must(doorbell(session, NR, "bell", 0, 0, bell));
	must(serve(session, OTHER, "served", 0, 0));
	expect(doorbell(session, NR, "other", HCX_HOST_VALUE, 1, bell), EINVAL,
	       "a number has one name");
	expect(doorbell(session, NR, "bell", HCX_HOST_VALUE | HCX_RING3, 1, bell), EINVAL,
	       "and is open to ring 3 or not");
	expect(doorbell(session, OTHER, "served", 0, 0, bell), EEXIST, "what is served has none");
	expect(doorbell(session, 0x52, "a", 0, 1, bell), EINVAL, "a value takes its flag");
	expect(doorbell(session, 0x52, "a", HCX_RESULT_RBX, 0, bell), EINVAL, "a wrong flag");
	expect(doorbell(session, 0x52, "a", 1 << 18, 0, bell), EINVAL, "an unknown flag");
	expect(doorbell(session, 0x52, "a", 0, 0, -1), EBADF, "no descriptor");
	expect(doorbell(session, 0x52, "a", 0, 0, guest.vm->fd), EINVAL, "no eventfd");
	expect(doorbell(session, 12, "a", 0, 0, bell), EINVAL, "a number of KVM's");
	for (i = 1; i < HCX_HOST_DOORBELLS_MAX; i++)
		must(doorbell(session, NR, "bell", HCX_HOST_VALUE, i, bell));
	expect(doorbell(session, NR, "bell", HCX_HOST_VALUE, i, bell), ENOSPC,
	       "there are as many as there may be");
	must(end(session, NR));
	must(end(session, OTHER));
}

int main(void)
{
	int any, bell;

	require_hcx(33);
	guest_create(&guest, GUEST_LONG, 0);
	session = open_session(guest.vm);
	any = make_bell();
	bell = make_bell();

	test_any(any);
	test_values(any, bell);
	test_taken_away(any, bell);
	test_wrong(bell);

	must(doorbell(session, NR, "bell", 0, 0, bell));
	close(bell);
	expect(guest_call0(&guest, NR), 0, "an eventfd that was closed can be signalled");
	close(session);
	expect(guest_call0(&guest, NR), ERR64(KVM_ENOSYS), "nothing is left");

	close(any);
	guest_free(&guest);
	ksft_finished();
}
