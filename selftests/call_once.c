// SPDX-License-Identifier: GPL-2.0
/*
 * A guest makes one hypercall, of a number or of the handler of a name, and
 * what it found in RAX is printed. For the shell tests.
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

int main(int argc, char *argv[])
{
	uint64_t args[4] = {};
	struct guest guest;
	int i;

	if (argc < 2 || argc > 6) {
		fprintf(stderr, "usage: %s NUMBER|NAME [RBX [RCX [RDX [RSI]]]]\n", argv[0]);
		return 2;
	}
	for (i = 2; i < argc; i++)
		args[i - 2] = strtoull(argv[i], NULL, 0);

	guest_create(&guest, GUEST_LONG, 0);
	printf("0x%lx\n", guest_call(&guest, number(&guest, argv[1]),
				     args[0], args[1], args[2], args[3]));
	guest_free(&guest);

	return 0;
}
