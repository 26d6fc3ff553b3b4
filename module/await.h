/* SPDX-License-Identifier: GPL-2.0 */
/* Waiting for vCPUs. */
#ifndef _HCX_AWAIT_H
#define _HCX_AWAIT_H

#include <linux/types.h>

void hcx_await(bool (*is_done)(void *data), void *data, const char *what);

#endif /* _HCX_AWAIT_H */
