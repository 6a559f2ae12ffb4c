/* SPDX-License-Identifier: BSD-2-Clause */
/* Key material of bounded size: set, wipe, compare in constant time. */
/* Owner: whoever embeds it; the owner wipes on every path. Any thread. Never printed, never logged. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/defs.h"

#define SECRET_MAX 256 /* bytes; the longest key of any algorithm (null, 0..256) */

struct secret {
	uint16_t len; /* bytes in use */
	uint8_t b[SECRET_MAX];
};

/** Copy len bytes in, wiping what was there. @return 0; -EMSGSIZE when len > SECRET_MAX */
WARN_UNUSED int
secret_set(struct secret *s, const void *bytes, size_t len);

/** Overwrite with zeros in a way the compiler may not remove. */
void
secret_wipe(struct secret *s);

/** Wipe any memory that held key material. */
void
secret_wipe_mem(void *p, size_t len);

/** Compare n bytes in time independent of their contents. */
static inline bool
secret_eq(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a;
	const uint8_t *y = b;
	uint64_t diff = 0;
	uint64_t u, v;

	for (; n >= sizeof(u); n -= sizeof(u), x += sizeof(u), y += sizeof(v)) {
		memcpy(&u, x, sizeof(u));
		memcpy(&v, y, sizeof(v));
		diff |= u ^ v;
		/* All is read, always: the time must not tell where the first difference is. */
		__asm__ volatile("" : "+r"(diff));
	}
	for (; n > 0; n--)
		diff |= (uint64_t)(*x++ ^ *y++);
	return diff == 0;
}

#endif
