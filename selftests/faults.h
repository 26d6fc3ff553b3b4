/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel does for this thread fails at a place of the test's choice. */
#ifndef SELFTEST_HCX_FAULTS_H
#define SELFTEST_HCX_FAULTS_H

#include <stdbool.h>

/* Skips the test where the kernel cannot do that: it takes a debug kernel. */
void require_faults(void);

/* From now on only what a module's function has called counts. */
void fail_only_in_modules(void);

/*
 * Runs @what, which returns 0 or an errno, again and again: each time the next of its allocations,
 * and copies from and to the program, fails, until there is none. @is_well looks whether it has
 * done nothing or all, and takes it back. How many places there were; 0 if it was not well at one.
 */
unsigned int fail_everywhere(int (*run)(const void *what),
			     bool (*is_well)(const void *what, int error), const void *what);

#endif /* SELFTEST_HCX_FAULTS_H */
