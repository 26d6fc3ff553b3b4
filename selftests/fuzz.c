// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE /* for memfd_create() and MAP_32BIT */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "hcx_util.h"

static uint64_t random_state = 1;

/* The last step of Vigna's splitmix64: seeds beside each other become far ones. */
void fuzz_seed(uint64_t seed)
{
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9ULL;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111ebULL;
	random_state = (seed ^ seed >> 31) ?: 1;
}

unsigned int below(unsigned int limit)
{
	return random_below(&random_state, limit);
}

bool one_in(unsigned int n)
{
	return !below(n);
}

uint64_t any_word(void)
{
	return next_random(&random_state);
}

uint64_t some_word(void)
{
	uint64_t word = any_word() >> below(64);

	return below(4) ? word : -word;
}

uint32_t some_border(void)
{
	static const uint32_t borders[] = {
		0, 1, 2, HCX_NR_KVM_LAST, HCX_NR_KVM_LAST + 1, HCX_NR_DISCOVERY,
		HCX_NR_ALLOTTED_FIRST, HCX_NR_ALLOTTED_LAST, HCX_NR_ALLOTTED_LAST + 1,
		HCX_NR_LAST, HCX_NR_LAST + 1U, HCX_NR_ANY,
	};

	return borders[below(ARRAY_SIZE(borders))];
}

static uint32_t other_than(uint32_t word)
{
	switch (below(3)) {
	case 0:
		return word ^ 1U << below(32);
	case 1:
		return some_border();
	default:
		return some_word();
	}
}

void damage(void *words, size_t size)
{
	size_t i, count = size / sizeof(uint32_t), one = below(count);
	uint32_t *word = words;
	bool all = one_in(16);

	for (i = 0; i < count; i++)
		if (all || i == one)
			word[i] = other_than(word[i]);
}

/* A page that can be written, with nothing behind; and the same page, where it cannot. */
struct pages {
	char *page, *read_only;
};

static struct pages make_pages(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct pages pages;

	TEST_ASSERT(fd >= 0 && !ftruncate(fd, 4096), "memfd: %s", strerror(errno));
	pages.page = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_32BIT, fd, 0);
	pages.read_only = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_32BIT, fd, 0);
	TEST_ASSERT(pages.page != MAP_FAILED && pages.read_only != MAP_FAILED &&
		    !mprotect(pages.page + 4096, 4096, PROT_NONE), "no memory");
	close(fd);

	return pages;
}

static void *nowhere(char *page)
{
	void *const places[] = {
		NULL, (void *)1, page + 4096, (void *)0x8000000000000000,
		(void *)0xffff888000000000, (void *)0xffffffff81000000, (void *)-1L,
	};

	return places[below(ARRAY_SIZE(places))];
}

struct place some_place(const void *data, size_t size)
{
	static struct pages two[2];
	static unsigned int turn;
	struct pages *pages = &two[turn = !turn];
	char *end;

	if (!pages->page)
		*pages = make_pages();
	end = pages->page + 4096;
	switch (below(20)) {
	case 0:
		return (struct place){ nowhere(pages->page), false, false };
	case 1:
		memcpy(end - size / 2, data, size / 2);
		return (struct place){ end - size / 2, false, false };
	case 2:
	case 3:
		memcpy(pages->page, data, size);
		return (struct place){ pages->read_only, true, false };
	case 4:
		memcpy(end - size, data, size);
		return (struct place){ end - size, true, true };
	default:
		memcpy(pages->page, data, size);
		return (struct place){ pages->page, true, true };
	}
}
