// SPDX-License-Identifier: GPL-2.0
/* hcx_marker: a guest's markers in the host's trace stream, see uapi/linux/hcx_marker.h. */
#include <asm/msr.h>
#include <linux/ctype.h>
#include <linux/kvm_hcx.h>

#define CREATE_TRACE_POINTS
#include "marker_trace.h"

/* A guest's bytes reach the terminal of whoever reads the trace. */
static void make_printable(char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isascii(text[i]) || !isprint(text[i]))
			text[i] = '?';
}

/* See hcx_guest_tsc(). */
static u64 guest_tsc_now(const struct hcx_call *call)
{
	u64 guest_tsc;

	preempt_disable();
	guest_tsc = hcx_guest_tsc(call, rdtsc_ordered());
	preempt_enable();

	return guest_tsc;
}

static long mark(struct hcx_call *call)
{
	u64 guest_tsc, len = hcx_arg(call, 3);
	char text[HCX_MARKER_TEXT_MAX + 1] = "";
	long ret;

	if (len > HCX_MARKER_TEXT_MAX)
		return -KVM_E2BIG;
	if (!trace_hcx_marker_enabled())
		return 0;

	guest_tsc = guest_tsc_now(call);
	ret = hcx_read_guest(call, hcx_arg(call, 2), text, len);
	if (ret)
		return ret;
	make_printable(text, len);
	trace_hcx_marker(call, guest_tsc, text);

	return 0;
}

static struct hcx_handler handler = {
	.nr = HCX_NR_ANY,
	.name = HCX_MARKER_NAME,
	.owner = THIS_MODULE,
	.call = mark,
};
module_hcx_handler(handler);

MODULE_DESCRIPTION("Guests' markers in the host's trace stream");
MODULE_AUTHOR("The kvm-hcx authors");
MODULE_LICENSE("GPL");
