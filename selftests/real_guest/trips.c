// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's program prints what it costs to ask a program on the host (server.c), in ticks
 * of the TSC, which are instructions in a nested host that counts: by a hypercall through
 * /dev/hcx, and by vsock. A line "CASE TICKS" for each; "guest_null" is a hypercall that
 * the host's kernel answers.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/hcx_dev.h>
#include <linux/hcx_host.h>
#include <linux/vm_sockets.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "trips.h"

/* Few calls, so that in some rounds neither the guest's timer nor the host's ticks. */
#define CALLS	5

/* Few, too: the emulator may lose a guest that is interrupted, see harness/trips.sh. */
#define ROUNDS	31

static int dev, sock;
static uint32_t number;

static void call(void)
{
	struct hcx_dev_call call = { .nr = number, .args = { 1, 2, 3, 4 } };

	if (ioctl(dev, HCX_IOC_CALL, &call) || call.rax)
		errx(1, "number %#x answers %lld", number, (long long)call.rax);
}

static void talk(void)
{
	struct hcx_host_response response;
	struct hcx_host_request request = { .args = { 1, 2, 3, 4 } };

	if (write(sock, &request, sizeof(request)) != sizeof(request) ||
	    read(sock, &response, sizeof(response)) != sizeof(response))
		err(1, "vsock");
}

static uint64_t ticks(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return low | (uint64_t)high << 32;
}

static uint64_t least_of_rounds(void (*once)(void))
{
	uint64_t least = UINT64_MAX, start, round;
	int i, j;

	for (i = 0; i < ROUNDS; i++) {
		start = ticks();
		for (j = 0; j < CALLS; j++)
			once();
		round = ticks() - start;
		if (round < least)
			least = round;
	}
	return (least + CALLS / 2) / CALLS;
}

/* The first rounds are to warm up. */
static void print_cost(const char *name, void (*once)(void))
{
	least_of_rounds(once);
	printf("%s %llu\n", name, (unsigned long long)least_of_rounds(once));
}

static void print_call(const char *name, uint32_t nr)
{
	number = nr;
	print_cost(name, call);
}

static void print_vsock(const char *name, unsigned int port)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = port,
	};

	sock = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)))
		err(1, "vsock, port %u", port);
	print_cost(name, talk);
}

int main(void)
{
	struct hcx_dev_find null = { .name = "null" };

	dev = open(HCX_DEV_PATH, O_RDWR);
	if (dev < 0 || ioctl(dev, HCX_IOC_FIND, &null))
		err(1, HCX_DEV_PATH);

	print_call("guest_null", null.nr);
	print_call("guest_serve", NR_BLOCKING);
	print_call("guest_serve_epoll", NR_EPOLL);
	print_vsock("guest_vsock", PORT_BLOCKING);
	print_vsock("guest_vsock_epoll", PORT_EPOLL);
	return 0;
}
