/* SPDX-License-Identifier: GPL-2.0 */
/* Where trips.c finds server.c. */
#ifndef TRIPS_H
#define TRIPS_H

#define NR_BLOCKING	0x40
#define NR_EPOLL	0x41

/* Of vsock, on the host. */
#define PORT_BLOCKING	1024
#define PORT_EPOLL	1025

#endif /* TRIPS_H */
