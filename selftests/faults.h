/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel does for this thread fails at a place of the test's choice. */
#ifndef SELFTEST_HCX_FAULTS_H
#define SELFTEST_HCX_FAULTS_H

#include <stdbool.h>

/* Skips the test where the kernel cannot do that: it takes a debug kernel. */
void require_faults(void);

/* From now on only what a module's function has called counts. */
void fail_only_in_modules(void);

/* Of the allocations, and of the copies from and to the program, that with this number: from 1. */
void fail_at(unsigned int place);

/* Whether it came to that. If not, nothing will fail any more. */
bool fault_happened(void);

#endif /* SELFTEST_HCX_FAULTS_H */
