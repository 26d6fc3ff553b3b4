// SPDX-License-Identifier: GPL-2.0
/*
 * A guest makes one hypercall, of a number or of the handler of a name, and
 * what it found in RAX is printed. For the shell tests. -v N: it has N vCPUs, and the last calls.
 */
#include <ctype.h>
#include <stdlib.h>

#include "guest.h"
#include "hcx_util.h"

static uint64_t number(struct guest *guest, const char *word)
{
	uint64_t name[3] = {}, nr;

	if (isdigit(word[0]))
		return strtoull(word, NULL, 0);

	strncpy((char *)name, word, HCX_NAME_LEN);
	nr = guest_call(guest, HCX_NR_DISCOVERY, HCX_DISCOVER_NAME, name[0], name[1], 0);
	if (nr > HCX_NR_LAST) {
		fprintf(stderr, "discovery answers %#lx to the name '%s'\n", nr, word);
		exit(1);
	}
	return nr;
}

static void create(struct guest *guest, unsigned int vcpus)
{
	unsigned int i;

	guest_create_vm(guest);
	for (i = 0; i < vcpus; i++)
		guest_add_vcpu(guest, i, GUEST_LONG, 0);
}

static int show_usage(const char *name)
{
	fprintf(stderr, "usage: %s [-v VCPUS] NUMBER|NAME [RBX [RCX [RDX [RSI]]]]\n", name);
	return 2;
}

int main(int argc, char *argv[])
{
	unsigned int vcpus = 1;
	uint64_t args[4] = {};
	struct guest guest;
	int i, option;

	while ((option = getopt(argc, argv, "+v:")) == 'v')
		vcpus = atoi(optarg);
	if (option != -1 || !vcpus || argc - optind < 1 || argc - optind > 5)
		return show_usage(argv[0]);
	for (i = 1; i < argc - optind; i++)
		args[i - 1] = strtoull(argv[optind + i], NULL, 0);

	create(&guest, vcpus);
	printf("0x%lx\n", guest_call(&guest, number(&guest, argv[optind]),
				     args[0], args[1], args[2], args[3]));
	guest_free(&guest);

	return 0;
}
