/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hex.h"

#include <errno.h>

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(const char *digits, size_t n, uint8_t *out, size_t cap)
{
	size_t len = (n + 1) / 2;
	size_t i = 0;

	if (len > cap || len > INT32_MAX)
		return -EMSGSIZE;
	for (size_t o = 0; o < len; o++) {
		/* With an odd count the first digit is a byte of its own. */
		int hi = (o == 0 && n % 2 == 1) ? 0 : nibble(digits[i++]);
		int lo = nibble(digits[i++]);

		if (hi < 0 || lo < 0)
			return -EINVAL;
		out[o] = (uint8_t)(hi << 4 | lo);
	}
	return (int)len;
}

char *
hex_encode(const uint8_t *bytes, size_t len, char *out)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digit[bytes[i] >> 4];
		out[2 * i + 1] = digit[bytes[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}
