/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/nd.h"

#include <errno.h>
#include <string.h>

#include "wire/ip.h"

#define PROTO_ICMP6    58u
#define OPT_SOURCE_MAC 1u
#define OPT_TARGET_MAC 2u
#define MSG_LEN        24u /* both messages without options */

#define FLAG_ROUTER    0x80u
#define FLAG_SOLICITED 0x40u
#define FLAG_OVERRIDE  0x20u

static bool
is_unspecified(const uint8_t a[16])
{
	static const uint8_t zero[16];

	return memcmp(a, zero, 16) == 0;
}

/* The one option we know, if it is there; every option must have a length (RFC 4861 4.6). */
static int
take_options(struct rbuf *r, struct nd_msg *m)
{
	const uint8_t want = m->type == ND_SOLICIT ? OPT_SOURCE_MAC : OPT_TARGET_MAC;
	const uint8_t *opt;
	size_t len;

	while (rbuf_left(r) > 0) {
		if (rbuf_left(r) < 2)
			return -EINVAL;
		len = (size_t)r->p[1] * 8;
		opt = rbuf_take(r, len);
		if (len == 0 || opt == NULL)
			return -EINVAL;
		if (opt[0] != want)
			continue;
		/* Ethernet addresses fill one unit; a group address is nobody's (RFC 2464 6). */
		if (len != 8 || (opt[2] & 1u) != 0)
			return -EINVAL;
		memcpy(m->mac, opt + 2, 6);
		m->has_mac = true;
	}
	return 0;
}

/* RFC 4861 7.1.1 and 7.1.2: what the addresses of the IPv6 header forbid. */
static bool
are_addresses_fit(const struct nd_msg *m)
{
	uint8_t group[16];

	if (m->target[0] == 0xff || m->src[0] == 0xff || is_unspecified(m->target))
		return false;
	if (m->type == ND_ADVERT)
		return !is_unspecified(m->src) && !(m->dst[0] == 0xff && m->is_solicited);
	if (!is_unspecified(m->src))
		return true;
	/* Duplicate address detection: to the group of the target, and it names no link address. */
	nd_solicited_node(m->target, group);
	return memcmp(m->dst, group, 16) == 0 && !m->has_mac;
}

int
nd_parse(const void *p, size_t len, size_t l4_off, struct nd_msg *out)
{
	struct rbuf r = rbuf_make(p, len);
	const uint8_t *b = rbuf_take(&r, sizeof(struct ip6));
	struct nd_msg m = { 0 };
	struct ip6 ip;

	if (b == NULL || l4_off < sizeof(ip) || rbuf_take(&r, l4_off - sizeof(ip)) == NULL)
		return -EINVAL;
	memcpy(&ip, b, sizeof(ip)); /* behind 14 bytes of Ethernet it is not aligned */
	if (rbuf_left(&r) < 4)
		return -EINVAL;
	if (r.p[0] != ND_SOLICIT && r.p[0] != ND_ADVERT)
		return -ENOMSG;
	if (ip.hop_limit != ND_HOP_LIMIT || rbuf_left(&r) > UINT16_MAX)
		return -EINVAL;
	if (ip_csum_pseudo(ip.src, 32, PROTO_ICMP6, r.p, rbuf_left(&r)) != 0)
		return -EINVAL;
	b = rbuf_take(&r, MSG_LEN);
	if (b == NULL || b[1] != 0)
		return -EINVAL;
	m.type = b[0];
	if (m.type == ND_ADVERT) {
		m.is_router = (b[4] & FLAG_ROUTER) != 0;
		m.is_solicited = (b[4] & FLAG_SOLICITED) != 0;
		m.is_override = (b[4] & FLAG_OVERRIDE) != 0;
	}
	memcpy(m.target, b + 8, 16);
	memcpy(m.src, ip.src, 16);
	memcpy(m.dst, ip.dst, 16);
	if (take_options(&r, &m) != 0 || !are_addresses_fit(&m))
		return -EINVAL;
	*out = m;
	return 0;
}

void
nd_put(struct wbuf *w, const struct nd_msg *msg)
{
	const size_t len = MSG_LEN + (msg->has_mac ? 8u : 0u);
	uint8_t *ip = wbuf_put(w, sizeof(struct ip6));
	uint8_t *b = wbuf_put(w, len);
	uint16_t sum;

	if (ip == NULL || b == NULL)
		return;
	ip[0] = 0x60;
	ip[offsetof(struct ip6, plen_be) + 1] = (uint8_t)len;
	ip[offsetof(struct ip6, next)] = PROTO_ICMP6;
	ip[offsetof(struct ip6, hop_limit)] = ND_HOP_LIMIT;
	memcpy(ip + offsetof(struct ip6, src), msg->src, 16);
	memcpy(ip + offsetof(struct ip6, dst), msg->dst, 16);
	b[0] = msg->type;
	if (msg->type == ND_ADVERT)
		b[4] = (uint8_t)((msg->is_router ? FLAG_ROUTER : 0u) |
			(msg->is_solicited ? FLAG_SOLICITED : 0u) |
			(msg->is_override ? FLAG_OVERRIDE : 0u));
	memcpy(b + 8, msg->target, 16);
	if (msg->has_mac) {
		b[MSG_LEN] = msg->type == ND_SOLICIT ? OPT_SOURCE_MAC : OPT_TARGET_MAC;
		b[MSG_LEN + 1] = 1;
		memcpy(b + MSG_LEN + 2, msg->mac, 6);
	}
	sum = ip_csum_pseudo(ip + offsetof(struct ip6, src), 32, PROTO_ICMP6, b, len);
	memcpy(b + 2, &sum, 2);
}

void
nd_link_local(const uint8_t mac[6], uint8_t out[16])
{
	memset(out, 0, 16);
	out[0] = 0xfe;
	out[1] = 0x80;
	out[8] = mac[0] ^ 0x02u; /* the universal/local bit is inverted */
	out[9] = mac[1];
	out[10] = mac[2];
	out[11] = 0xff;
	out[12] = 0xfe;
	out[13] = mac[3];
	out[14] = mac[4];
	out[15] = mac[5];
}

void
nd_solicited_node(const uint8_t addr[16], uint8_t out[16])
{
	static const uint8_t prefix[13] = { 0xff, 0x02, [11] = 0x01, [12] = 0xff };

	memcpy(out, prefix, sizeof(prefix));
	memcpy(out + 13, addr + 13, 3);
}

void
nd_multicast_mac(const uint8_t addr[16], uint8_t mac[6])
{
	mac[0] = 0x33;
	mac[1] = 0x33;
	memcpy(mac + 2, addr + 12, 4);
}

bool
nd_is_link_local(const uint8_t addr[16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0u) == 0x80;
}
