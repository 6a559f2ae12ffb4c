/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tcp.h"

enum {
	HDR_LEN = 20,
	OFF_DATA = 12, /* data offset, in the high nibble */
	OFF_FLAGS = 13,
	OFF_CSUM = 16,
	FLAG_SYN = 0x02,
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_MSS_LEN = 4,
};

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* RFC 1624 3, equation 3. A value at an odd place counts with its bytes exchanged. */
static void
mend(uint8_t *csum, uint16_t old, uint16_t new, bool odd)
{
	uint32_t sum;

	if (odd) {
		old = (uint16_t)(old << 8 | old >> 8);
		new = (uint16_t)(new << 8 | new >> 8);
	}
	sum = (uint16_t)~get16(csum) + (uint32_t)(uint16_t)~old + new;
	sum = (sum & 0xffffu) + (sum >> 16);
	sum = (sum & 0xffffu) + (sum >> 16);
	put16(csum, ~sum);
}

/* @return offset of the option's value, 0 when there is none or the options are malformed */
static size_t
find_mss(const uint8_t *tcp, size_t end)
{
	size_t i = HDR_LEN;

	while (i < end && tcp[i] != OPT_END) {
		if (tcp[i] == OPT_NOP) {
			i++;
			continue;
		}
		if (end - i < 2 || tcp[i + 1] < 2 || tcp[i + 1] > end - i)
			return 0;
		if (tcp[i] == OPT_MSS)
			return tcp[i + 1] == OPT_MSS_LEN ? i + 2 : 0;
		i += tcp[i + 1];
	}
	return 0;
}

bool
tcp_clamp_mss(uint8_t *tcp, size_t len, uint16_t max)
{
	size_t end, at;
	uint16_t old;

	if (len < HDR_LEN || (tcp[OFF_FLAGS] & FLAG_SYN) == 0)
		return false;
	end = (size_t)(tcp[OFF_DATA] >> 4) * 4;
	if (end < HDR_LEN || end > len)
		return false;
	at = find_mss(tcp, end);
	if (at == 0)
		return false;
	old = get16(tcp + at);
	if (old <= max)
		return false;
	put16(tcp + at, max);
	mend(tcp + OFF_CSUM, old, max, at % 2 != 0);
	return true;
}
