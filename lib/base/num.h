/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole numbers that people write: decimal, or hexadecimal behind 0x. Never octal: 010 is ten. */
/* Pure; any thread. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/defs.h"

/** @param text  NUL-terminated, all of it @return 0; -EINVAL no number; -ERANGE beyond 64 bits */
static inline WARN_UNUSED int
num_parse(const char *text, int64_t *out)
{
	const char *digits = text + (text[0] == '-');
	const bool is_hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	char *end;

	errno = 0;
	*out = strtoll(text, &end, is_hex ? 16 : 10);
	if (end == text || *end != '\0')
		return -EINVAL;
	return -errno;
}

#endif
