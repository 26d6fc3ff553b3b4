/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/kvm_hcx, for the tests of it. */
#ifndef SELFTEST_HCX_SESSION_H
#define SELFTEST_HCX_SESSION_H

#include <errno.h>
#include <fcntl.h>
#include <uapi/linux/hcx_host.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"
#include "hcx_util.h"

/* Opened; about a VM; and about all of them. */
int open_device(void);
int open_session(struct kvm_vm *vm);
int open_administrator(void);

/* For what must succeed. */
#define must(call) do {								\
	int __error = call;							\
										\
	TEST_ASSERT(!__error, "%s: %s", #call, strerror(__error));		\
} while (0)

/* 0, or the errno. */
int set_vm(int session, int vm_fd, uint32_t flags);
int serve(int session, uint32_t nr, const char *name, uint32_t flags, uint32_t budget_ms);
int end(int session, uint32_t nr);
int doorbell(int session, uint32_t nr, const char *name, uint32_t flags, uint64_t value, int fd);
int memory(int session, uint64_t id, uint64_t gpa, void *data, uint32_t len, uint32_t flags);
int respond(int session, uint64_t id, int64_t result);

int rule(int session, const struct hcx_host_rule *rule);

/* Runs it in a process of its own; its status. */
int in_child(int (*run)(int session), int session);

/* Runs what waits in this process, which gets signals meanwhile; what it returns. */
int interrupted(int (*wait)(int session), int session);

/* The next request; waits for it. */
struct hcx_host_request next_request(int session);

/* Waits until so many calls to a number of that name wait for their answers. */
void wait_for_calls(const char *name, unsigned int calls);

/*
 * A page of a guest's memory that takes for ever to be there, unless it is provided. Skips where
 * there can be none.
 */
struct stuck_page {
	void *memory;
	int fd;
};

void require_userfaultfd(void);
struct stuck_page add_stuck_page(struct guest *guest, uint64_t gpa);
void provide_stuck_page(const struct stuck_page *page);

/* A guest that makes one call in a thread of its own. */
struct caller {
	struct guest *guest;
	uint64_t nr, args[4], rax;
	pthread_t thread;
};

void start_call(struct caller *caller, struct guest *guest, uint64_t nr);
uint64_t join_call(struct caller *caller);

#endif /* SELFTEST_HCX_SESSION_H */
