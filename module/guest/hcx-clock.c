// SPDX-License-Identifier: GPL-2.0
/* hcx-clock: how far this guest's clock is from the host's, see linux/hcx_clock.h. */
#include <linux/hcx_clock.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>
#include "hcx-tool.h"

#define ROUNDS	100
#define SECOND	1000000000LL

/* The guest's clock, with the middle of the guest's TSC around it, and how far that is. */
struct reading {
	long long ns;
	double tsc, half;
};

static struct reading read_clock(void)
{
	long long before, after;
	struct timespec now;

	_mm_lfence();
	before = __rdtsc();
	clock_gettime(CLOCK_REALTIME, &now);
	_mm_lfence();
	after = __rdtsc();

	return (struct reading){ now.tv_sec * SECOND + now.tv_nsec,
				 (before + after) / 2.0, (after - before) / 2.0 };
}

/*
 * The guest's clock at the host's reading lies on the line between two readings of the
 * guest's. Either may be off by half of what it took; so may the host's, which is alike.
 */
static double offset(int dev, struct hcx_dev_call *call, double *uncertainty)
{
	struct reading a, b;
	double rate;

	a = read_clock();
	make_call(dev, call);
	b = read_clock();
	if (call->results[3] < a.tsc || call->results[3] > b.tsc)
		errx(1, "the host's reading is not between the guest's: is this guest's TSC steady?");
	rate = (b.ns - a.ns) / (b.tsc - a.tsc);
	*uncertainty = 2 * rate * (a.half > b.half ? a.half : b.half);

	return a.ns - (long long)call->results[0] + rate * (call->results[3] - a.tsc);
}

int main(int argc, char **argv)
{
	static const char usage[] = "usage: hcx-clock\n\nShows the host's clocks, and how far\n"
				    "this guest's CLOCK_REALTIME is ahead of the host's.\n";
	int dev, i, help = argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
	double best = 0, least = 0, next, uncertainty;
	struct hcx_dev_call call = { .flags = 0 };

	if (argc > 1)
		return fputs(usage, help ? stdout : stderr), help ? 0 : 2;
	dev = open_hcx();
	call.nr = find_hypercall(dev, HCX_CLOCK_NAME);
	for (i = 0; i < ROUNDS; i++) {
		next = offset(dev, &call, &uncertainty);
		if (!i || uncertainty < least) {
			best = next;
			least = uncertainty;
		}
	}
	printf("host CLOCK_REALTIME   %llu.%09llu s\nhost CLOCK_MONOTONIC  %llu.%09llu s\n",
	       call.results[0] / SECOND, call.results[0] % SECOND,
	       call.results[1] / SECOND, call.results[1] % SECOND);
	printf("guest's CLOCK_REALTIME - host's: %+.0f ns, +- %.0f ns\n", best, least);

	return 0;
}
