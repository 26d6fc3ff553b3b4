/* SPDX-License-Identifier: GPL-2.0 */
/* What probe.bpf.c is asked for. */
#define PROBE		0x70
#define PROBE_MS	300
#define TOO_MUCH	(65536 + 8)
#define OPT_IN		0x74	/* another handler, which the host has to open */

enum probe {
	READ,		/* the value at RCX */
	WRITE,		/* RDX there */
	READ_TOO_MUCH,
	WRITE_TOO_MUCH,
	WHO,		/* the field RCX */
	RESULT,		/* in register RCX, RDX */
	RING,		/* doorbell RCX with RDX */
	WAIT,		/* RCX milliseconds, and RDX more */
	ARG,		/* number RCX */
};

enum who {
	OF_VM,
	OF_PID,
	OF_VCPU,
	OF_NR,
	OF_FLAGS,
};
