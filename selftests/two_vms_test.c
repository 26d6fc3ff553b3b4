// SPDX-License-Identifier: GPL-2.0
/* Two VMs at once, one asleep in a handler: each gets its own answers. */
#include <pthread.h>

#include "guest.h"
#include "hcx_util.h"

static void *call_sleeper(void *guest)
{
	return (void *)guest_call0(guest, 0x33);
}

int main(void)
{
	struct guest sleeping, awake;
	pthread_t thread;
	void *answer;
	int i, right;

	require_hcx(4);
	must_control("register sleeper 0x33 0 sleep 0x98");
	must_control("register arg 0x34 0 arg 0");
	guest_create(&sleeping, GUEST_LONG, 0);
	guest_create(&awake, GUEST_LONG, 0);

	pthread_create(&thread, NULL, call_sleeper, &sleeping);
	while (!calls_of("sleeper"))
		usleep(1000);
	for (i = 0, right = 0; i < 100; i++)
		right += guest_call(&awake, 0x34, i, 0, 0, 0) == i;
	expect(right, 100, "one VM calls while the other sleeps in a handler");
	expect(control("unregister arg"), 0,
	       "unregistering does not wait for a sleeper in another handler");
	expect(guest_call0(&awake, 0x34), ERR64(KVM_ENOSYS), "and the number is gone");

	usleep(10000);	/* from its count to its sleep */
	wake_sleepers();
	pthread_join(thread, &answer);
	expect((uint64_t)answer, 0x98, "the sleeper gets its answer");

	must_control("unregister sleeper");
	guest_free(&sleeping);
	guest_free(&awake);
	ksft_finished();
}
