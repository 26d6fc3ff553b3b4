// SPDX-License-Identifier: GPL-2.0
/*
 * Inverts each byte of the caller's memory from RBX on, RCX bytes; answers RCX, and
 * in RDX with the sum of the bytes as they were.
 */
#include <linux/kvm_hcx.h>
#include <linux/mm.h>

#define LEN_MAX	65536

static u64 sum_and_invert(u8 *data, size_t len)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		sum += data[i];
		data[i] = ~data[i];
	}
	return sum;
}

static long invert_at(struct hcx_call *call, gpa_t gpa, u8 *data, size_t len)
{
	long error = hcx_read_guest(call, gpa, data, len);

	if (error)
		return error;
	hcx_set_result(call, 2, sum_and_invert(data, len));
	error = hcx_write_guest(call, gpa, data, len);

	return error ?: len;
}

static long invert(struct hcx_call *call)
{
	u64 len = hcx_arg(call, 1);
	long ret;
	u8 *data;

	if (!len || len > LEN_MAX)
		return -KVM_E2BIG;
	data = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -HCX_EAGAIN;
	ret = invert_at(call, hcx_arg(call, 0), data, len);
	kvfree(data);

	return ret;
}

static struct hcx_handler handler = {
	.nr = HCX_NR_ANY,
	.flags = HCX_RESULT_RDX,
	.name = "invert",
	.owner = THIS_MODULE,
	.call = invert,
};
module_hcx_handler(handler);

MODULE_DESCRIPTION("Inverts a range of the caller's memory");
MODULE_LICENSE("GPL");
