/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/pmtu.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "wire/ip.h"

#define ICMP_LEN 8u

enum {
	ICMP4_UNREACH = 3,
	ICMP4_FRAG_NEEDED = 4,
	ICMP6_TOO_BIG = 2,
};

static uint32_t
be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t
be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

/* RFC 1191 7.1: a router that does not say is asked with the next smaller usual size. */
static uint32_t
plateau_below(uint32_t len)
{
	static const uint16_t usual[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296 };

	for (unsigned int i = 0; i < ARRAY_LEN(usual); i++) {
		if (usual[i] < len)
			return usual[i];
	}
	return 68;
}

/* ESP, AH, or ESP behind UDP with a whole header quoted. */
static int
read_spi(struct rbuf *r, uint8_t proto, struct pmtu_msg *out)
{
	const uint8_t *p;

	if (proto == IPPROTO_UDP) {
		p = rbuf_take(r, 8);
		if (p == NULL)
			return -EBADMSG;
		memcpy(&out->src.port_be, p, 2);
		memcpy(&out->dst.port_be, p + 2, 2);
		proto = IPPROTO_ESP;
	}
	if (proto != IPPROTO_ESP && proto != IPPROTO_AH)
		return -ENOMSG;
	out->proto = proto;
	p = rbuf_take(r, 8);
	if (p == NULL)
		return -EBADMSG;
	out->spi = be32(p + (proto == IPPROTO_AH ? 4 : 0));
	return 0;
}

static int
read_quoted4(struct rbuf *r, struct pmtu_msg *out, uint32_t *total)
{
	const uint8_t *ip = rbuf_take(r, sizeof(struct ip4));
	size_t ihl;

	if (ip == NULL || ip[0] >> 4 != 4)
		return -EBADMSG;
	ihl = (size_t)(ip[0] & 15) * 4;
	if (ihl < sizeof(struct ip4) || rbuf_take(r, ihl - sizeof(struct ip4)) == NULL)
		return -EBADMSG;
	/* What may be cut needs no such message; only a first fragment shows an SPI. */
	if ((be16(ip + 6) & IP4_OFF_MASK) != 0)
		return -ENOMSG;
	*total = be16(ip + 2);
	out->src = addr_make(AF_INET, ip + offsetof(struct ip4, src));
	out->dst = addr_make(AF_INET, ip + offsetof(struct ip4, dst));
	return read_spi(r, ip[9], out);
}

static int
read_quoted6(struct rbuf *r, struct pmtu_msg *out, uint32_t *total)
{
	const uint8_t *ip = rbuf_take(r, sizeof(struct ip6));

	if (ip == NULL || ip[0] >> 4 != 6)
		return -EBADMSG;
	*total = (uint32_t)sizeof(struct ip6) + be16(ip + 4);
	out->src = addr_make(AF_INET6, ip + offsetof(struct ip6, src));
	out->dst = addr_make(AF_INET6, ip + offsetof(struct ip6, dst));
	return read_spi(r, ip[6], out);
}

int
pmtu_parse(const uint8_t *p, size_t len, size_t off, struct pmtu_msg *out)
{
	const bool v6 = len > 0 && p[0] >> 4 == 6;
	struct rbuf r;
	const uint8_t *icmp;
	uint32_t total;
	int ret;

	if (len < (v6 ? sizeof(struct ip6) : sizeof(struct ip4)) || off > len ||
		len - off < ICMP_LEN)
		return -EBADMSG;
	memset(out, 0, sizeof(*out));
	icmp = p + off;
	if (v6 ? icmp[0] != ICMP6_TOO_BIG :
		 icmp[0] != ICMP4_UNREACH || icmp[1] != ICMP4_FRAG_NEEDED)
		return -ENOMSG;
	if (v6 ? ip_csum_pseudo(
			 p + offsetof(struct ip6, src), 32, IPPROTO_ICMPV6, icmp, len - off) :
		 ip_csum_fold(ip_csum_add(icmp, len - off, 0)))
		return -EBADMSG;
	r = rbuf_make(icmp + ICMP_LEN, len - off - ICMP_LEN);
	ret = v6 ? read_quoted6(&r, out, &total) : read_quoted4(&r, out, &total);
	if (ret != 0)
		return ret;
	out->mtu = v6 ? be32(icmp + 4) : be16(icmp + 6);
	if (!v6 && out->mtu == 0)
		out->mtu = plateau_below(total);
	return out->mtu < total ? 0 : -EBADMSG;
}
