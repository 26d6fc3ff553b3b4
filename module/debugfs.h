/* SPDX-License-Identifier: GPL-2.0 */
/* What the core tells in debugfs. */
#ifndef _HCX_DEBUGFS_H
#define _HCX_DEBUGFS_H

void hcx_debugfs_init(void);
void hcx_debugfs_exit(void);

#endif /* _HCX_DEBUGFS_H */
