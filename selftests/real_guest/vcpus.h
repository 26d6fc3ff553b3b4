/* SPDX-License-Identifier: GPL-2.0 */
/* What a guest's programs share that call by /dev/hcx from a thread on each vCPU. */
#ifndef VCPUS_H
#define VCPUS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/hcx_dev.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define VCPUS 2

static int dev;

static inline void open_dev(void)
{
	dev = open(HCX_DEV_PATH, O_RDWR);
	if (dev < 0) {
		perror(HCX_DEV_PATH);
		exit(1);
	}
}

/* 0: nobody has the name. */
static inline __u32 find(const char *name)
{
	struct hcx_dev_find found = { .flags = 0 };

	memcpy(found.name, name, strnlen(name, sizeof(found.name)));

	return ioctl(dev, HCX_IOC_FIND, &found) ? 0 : found.nr;
}

/* The answer; the ioctl itself must succeed. */
static inline __s64 call(struct hcx_dev_call *c)
{
	if (ioctl(dev, HCX_IOC_CALL, c)) {
		perror("HCX_IOC_CALL");
		exit(1);
	}
	return c->rax;
}

/* A thread that runs on that vCPU only; its number is the argument of @run. */
static inline pthread_t start_on(intptr_t vcpu, void *(*run)(void *))
{
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;
	int error;

	CPU_ZERO(&set);
	CPU_SET(vcpu, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	error = pthread_create(&thread, &attr, run, (void *)vcpu);
	if (error) {
		fprintf(stderr, "a thread on vCPU %d: %s\n", (int)vcpu, strerror(error));
		exit(1);
	}
	return thread;
}

#endif /* VCPUS_H */
