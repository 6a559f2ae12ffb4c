/* SPDX-License-Identifier: BSD-2-Clause */
/* Key material and bytes to and from hexadecimal text. Pure functions, any thread. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

/**
 * Decode hexadecimal digits (no 0x prefix). An odd count is allowed: the first digit alone forms a
 * byte, as setkey(8) does.
 *
 * @param digits  n characters, not NUL-terminated
 * @param out     receives at most cap bytes
 * @return bytes written; -EINVAL on a non-digit; -EMSGSIZE when it does not fit
 */
WARN_UNUSED int
hex_decode(const char *digits, size_t n, uint8_t *out, size_t cap);

/** Encode len bytes as 2*len lower-case digits and NUL. @return out */
char *
hex_encode(const uint8_t *bytes, size_t len, char *out);

#endif
