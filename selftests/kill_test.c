// SPDX-License-Identifier: GPL-2.0
/*
 * A VMM is killed while its vCPU sleeps in a handler: it goes away, the handler
 * can be unregistered, and another VM's sleeper is not disturbed.
 */
#include <signal.h>
#include <sys/wait.h>

#include "guest.h"
#include "hcx_util.h"

#define SLEEP_NR 0x32

static pid_t start_sleeper(void)
{
	struct guest guest;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;

	guest_create(&guest, GUEST_LONG, 0);
	_exit(guest_call0(&guest, SLEEP_NR) == 0x99 ? 0 : 1);
}

static void wait_until_inside(long calls)
{
	while (calls_of("sleeper") < calls)
		usleep(1000);
	usleep(10000);	/* from its count to its sleep */
}

int main(void)
{
	pid_t first, second;
	int status;

	require_hcx(5);
	must_control("register sleeper %#x 0 sleep 0x99", SLEEP_NR);
	first = start_sleeper();
	second = start_sleeper();
	wait_until_inside(2);

	expect(waitpid(first, &status, WNOHANG), 0, "the VMM is asleep in the handler");
	kill(first, SIGKILL);
	expect(waitpid(first, &status, 0), first, "a killed VMM goes away");
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, 1, "by its signal");

	wake_sleepers();
	waitpid(second, &status, 0);
	expect(WIFEXITED(status) && !WEXITSTATUS(status), 1, "another VM's call is answered");
	expect(control("unregister sleeper"), 0, "the handler is empty and can go");

	ksft_finished();
}
