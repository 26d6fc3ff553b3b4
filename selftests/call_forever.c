// SPDX-License-Identifier: GPL-2.0
/*
 * A guest calls the echo example, or finds nobody there, over and over until
 * SIGTERM; then the number of calls answered and not is printed. Any other
 * answer is a failure. For the shell tests, which change modules meanwhile. The
 * arguments are how many milliseconds to rest between two calls, and a number whose
 * handler answers as echo does.
 */
#include <signal.h>
#include <stdlib.h>

#include "guest.h"
#include "hcx_util.h"

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
	stop = 1;
}

static bool is_answered(uint64_t rax, uint64_t answer)
{
	TEST_ASSERT(rax == answer || rax == ERR64(KVM_ENOSYS),
		    "RAX is %#lx, neither %#lx nor -KVM_ENOSYS", rax, answer);
	return rax == answer;
}

int main(int argc, char *argv[])
{
	const unsigned int rest_ms = argc > 1 ? atoi(argv[1]) : 0;
	struct sigaction action = { .sa_handler = on_term, .sa_flags = SA_RESTART };
	unsigned long answered = 0, unanswered = 0;
	/* Where echo is the only handler, its number is the first. */
	const uint64_t nr = argc > 2 ? strtoull(argv[2], NULL, 0) : HCX_NR_ALLOTTED_FIRST;
	struct guest guest;

	sigaction(SIGTERM, &action, NULL);
	guest_create(&guest, GUEST_LONG, 0);
	while (!stop) {
		if (is_answered(guest_call(&guest, nr, 1, 20, 300, 4000), 16941))
			answered++;
		else
			unanswered++;
		usleep(rest_ms * 1000);
	}
	guest_free(&guest);
	printf("%lu %lu\n", answered, unanswered);

	return 0;
}
