/* SPDX-License-Identifier: GPL-2.0 */
/* Calls that a program on the host answers. */
#ifndef _HCX_SERVE_H
#define _HCX_SERVE_H

#include <linux/hashtable.h>
#include <linux/kvm_hcx.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <uapi/linux/hcx_host.h>

struct hcx_offer;

/* Who calls, as struct hcx_host_request's flags. */
static inline u32 hcx_caller_flags(const struct hcx_call *call)
{
	return (call->long_mode ? HCX_HOST_LONG_MODE : 0) | (call->user ? HCX_HOST_USER : 0);
}

/**
 * struct hcx_queue - calls that wait for their answers
 * @lock: held to change what follows, and the requests in it
 * @waiting: requests that have not been read
 * @read: those that have, by their id
 * @last_id: the last that a request got
 * @readers: who waits for requests
 */
struct hcx_queue {
	spinlock_t lock;
	struct list_head waiting;
	DECLARE_HASHTABLE(read, 8);
	u64 last_id;
	wait_queue_head_t readers;
};

void hcx_queue_init(struct hcx_queue *queue);
void hcx_queue_cancel(struct hcx_queue *queue, struct hcx_offer *offer);
bool hcx_queue_has_request(struct hcx_queue *queue);
bool hcx_queue_read(struct hcx_queue *queue, struct hcx_host_request *request);
void hcx_queue_put_back(struct hcx_queue *queue, u64 id);
int hcx_queue_respond(struct hcx_queue *queue, const struct hcx_host_response *response);
int hcx_queue_copy(struct hcx_queue *queue, const struct hcx_host_memory *memory);

long hcx_serve(struct hcx_call *call);

#endif /* _HCX_SERVE_H */
