/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a packet to protect, or to mend behind a NAT: nothing may look or write beyond them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipsec/transport.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A head that was found ends where the walk of the receiver ends, at the same byte. */
static void
check_place(uint8_t *p, size_t size, bool v6)
{
	struct transport_place at;

	if (transport_find(p, size, v6, &at) != 0)
		return;
	if (at.off > size || at.off < (v6 ? 40u : 20u) || at.next_off >= at.off ||
		p[at.next_off] != at.next)
		abort();
	if (transport_next_off(p, at.off, v6) != at.next_off)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transport_oa oa = { 0 };
	bool v6;
	uint8_t *p;

	if (size < 3 || size > 2000)
		return -1;
	p = malloc(size - 2); /* of exactly this size, for ASan */
	if (p == NULL)
		abort();
	memcpy(p, data + 2, size - 2);
	v6 = p[0] >> 4 == 6;
	oa.src = data[0] & 1;
	oa.dst = data[0] & 2;
	oa.sum = data[1];
	check_place(p, size - 2, v6);
	if (size - 2 >= (v6 ? 40u : 20u)) { /* the callers have opened at least a header */
		(void)transport_next_off(p, size - 2, v6);
		transport_mend_csum(p, size - 2, v6, &oa);
	}
	free(p);
	return 0;
}
