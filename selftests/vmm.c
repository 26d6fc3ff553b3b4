// SPDX-License-Identifier: GPL-2.0
/*
 * A VMM whose guest makes one hypercall again and again, from ring 0 or 3, with 20 ms
 * between, until the VMM is killed. For those who watch.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest.h"

/* A VMM has other threads than its vCPUs', which matters after an oops: see recovery.rst. */
static void *rest(void *unused)
{
	for (;;)
		pause();
}

int main(int argc, char *argv[])
{
	uint64_t args[4] = {};
	struct guest guest;
	pthread_t other;
	uint64_t nr;
	int i;

	if (argc < 3 || argc > 7) {
		fprintf(stderr, "usage: %s RING NUMBER [RBX [RCX [RDX [RSI]]]]\n", argv[0]);
		return 2;
	}
	nr = strtoull(argv[2], NULL, 0);
	for (i = 3; i < argc; i++)
		args[i - 3] = strtoull(argv[i], NULL, 0);

	pthread_create(&other, NULL, rest, NULL);
	guest_create(&guest, GUEST_LONG, atoi(argv[1]));
	for (;;) {
		guest_call(&guest, nr, args[0], args[1], args[2], args[3]);
		usleep(20000);
	}
}
