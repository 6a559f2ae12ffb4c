/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet of a test, written as hex digits. A plain value. */
#ifndef UNIT_HEXPKT_H
#define UNIT_HEXPKT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct hexpkt {
	size_t len;
	uint8_t b[2048]; /* zero behind len */
};

static inline struct hexpkt
hexpkt(const char *hex)
{
	struct hexpkt p = { 0 };

	for (; hex[0] != '\0' && p.len < sizeof(p.b); hex += 2) {
		const char digits[3] = { hex[0], hex[1], '\0' };

		p.b[p.len++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return p;
}

#endif
