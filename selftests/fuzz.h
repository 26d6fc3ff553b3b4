/* SPDX-License-Identifier: GPL-2.0 */
/* For tests that do something at random: what follows from a seed, by these, is always the same. */
#ifndef SELFTEST_HCX_FUZZ_H
#define SELFTEST_HCX_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void fuzz_seed(uint64_t seed);
unsigned int below(unsigned int limit);
bool one_in(unsigned int n);

/* Any of all. */
uint64_t any_word(void);

/* With as many bits as it happens, so that small ones and special ones come, too. */
uint64_t some_word(void);

/* A number where a range of hypercall numbers begins or ends, or another special one. */
uint32_t some_border(void);

/* Makes others of 32-bit words: mostly of one, by a bit, a value at some border, or any. */
void damage(void *words, size_t size);

/* A place in this program's memory, or beside it, and whether a structure there is all there. */
struct place {
	void *at;
	bool readable, writable;
};

/*
 * For @size bytes, 4096 at most, of @data, which are there as far as they can be. It is another
 * one than the last, and below 4 GiB where it is memory.
 */
struct place some_place(const void *data, size_t size);

#endif /* SELFTEST_HCX_FUZZ_H */
