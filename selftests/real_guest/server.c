// SPDX-License-Identifier: GPL-2.0
/*
 * The host's side of trips.c: answers its hypercalls through /dev/kvm_hcx and what it
 * sends by vsock, each by a thread that blocks in read() and by one that blocks in
 * epoll_wait(). Either way as many bytes go to the server, and back, as for a hypercall.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/hcx_host.h>
#include <linux/vm_sockets.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "trips.h"

/* One descriptor's server. */
struct server {
	int fd;
	int epoll;	/* or -1: it blocks in read() */
};

static int epoll_of(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll");
	return epoll;
}

/* Returns when there is something to read, or at once where read() waits for it. */
static void wait_for_news(const struct server *server)
{
	struct epoll_event event;

	if (server->epoll >= 0 && epoll_wait(server->epoll, &event, 1, -1) != 1)
		err(1, "epoll_wait");
}

static void *serve(void *arg)
{
	struct server *server = arg;
	struct hcx_host_response response = {};
	struct hcx_host_request request;

	for (;;) {
		wait_for_news(server);
		if (read(server->fd, &request, sizeof(request)) != sizeof(request))
			return NULL;
		response.id = request.id;
		if (write(server->fd, &response, sizeof(response)) != sizeof(response))
			err(1, "write");
	}
}

static void start(int fd, bool by_epoll)
{
	struct server *server = malloc(sizeof(*server));
	pthread_t thread;

	server->fd = fd;
	server->epoll = by_epoll ? epoll_of(fd) : -1;
	if (pthread_create(&thread, NULL, serve, server))
		errx(1, "no thread");
}

static void serve_number(uint32_t nr, bool by_epoll)
{
	struct hcx_host_vm vm = { .fd = -1, .flags = HCX_HOST_ALL_VMS };
	struct hcx_host_serve serve = { .nr = nr };
	int session = open(HCX_HOST_PATH, O_RDWR);

	snprintf(serve.name, sizeof(serve.name), "trips%x", nr);
	if (session < 0 || ioctl(session, HCX_HOST_SET_VM, &vm) ||
	    ioctl(session, HCX_HOST_SERVE, &serve))
		err(1, HCX_HOST_PATH);
	start(session, by_epoll);
}

static int listen_on(unsigned int port)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port,
	};
	int listener = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 1))
		err(1, "vsock, port %u", port);
	return listener;
}

int main(void)
{
	int blocking = listen_on(PORT_BLOCKING), epoll = listen_on(PORT_EPOLL);

	serve_number(NR_BLOCKING, false);
	serve_number(NR_EPOLL, true);
	puts("ready");
	fflush(stdout);
	start(accept(blocking, NULL, NULL), false);
	start(accept(epoll, NULL, NULL), true);
	for (;;)
		pause();
}
