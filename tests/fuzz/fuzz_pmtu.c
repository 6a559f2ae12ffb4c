/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an ICMP message about a packet of ours: first byte the ICMP header's offset, then the packet. */
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/ip.h"
#include "wire/pmtu.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Put the ICMP checksum right, or hardly anything would be looked at behind it. */
static void
fix_csum(uint8_t *p, size_t len, size_t off)
{
	const bool v6 = p[0] >> 4 == 6;
	uint16_t csum;

	if (len < (v6 ? sizeof(struct ip6) : sizeof(struct ip4)) || off > len || len - off < 4)
		return;
	memset(p + off + 2, 0, sizeof(csum));
	csum = v6 ? ip_csum_pseudo(
			    p + offsetof(struct ip6, src), 32, IPPROTO_ICMPV6, p + off, len - off) :
		    ip_csum_fold(ip_csum_add(p + off, len - off, 0));
	memcpy(p + off + 2, &csum, sizeof(csum));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pmtu_msg msg;
	uint8_t *copy;
	size_t off;

	if (size < 2)
		return 0;
	off = data[0] & 0x7f;
	copy = malloc(size - 1); /* the sanitizer sees the byte behind it */
	if (copy == NULL)
		abort();
	memcpy(copy, data + 1, size - 1);
	if ((data[0] & 0x80) != 0)
		fix_csum(copy, size - 1, off);
	if (pmtu_parse(copy, size - 1, off, &msg) == 0) {
		const uint8_t af = copy[0] >> 4 == 6 ? AF_INET6 : AF_INET;

		/* A quoted length has 16 bits, in IPv6 without its header. */
		if (msg.mtu >= 65535 + sizeof(struct ip6) || msg.src.af != af || msg.dst.af != af ||
			(msg.proto != IPPROTO_ESP && msg.proto != IPPROTO_AH))
			abort();
	}
	free(copy);
	return 0;
}
