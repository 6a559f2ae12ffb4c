/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/keepalive.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "pkt/sa_rt.h"
#include "port/port.h"
#include "wire/ip.h"

#define TTL 64u

struct udp {
	uint16_t sport_be, dport_be, len_be, csum;
};

struct keepalive_body {
	struct udp udp;
	uint8_t byte; /* 0xff, which cannot begin an ESP header: SPIs of that kind are reserved */
} __rte_packed;

static bool
is_outbound(const struct sa_rt *rt)
{
	return rt != NULL && rt->dir == DIR_OUT;
}

/* When a packet of the SA last left, in seconds ago; never: since it was made. */
static uint64_t
idle_s(const struct keepalive *k, const struct sa *sa, uint64_t now_tsc, uint64_t now_s)
{
	const struct sa_rt *rt = sa->rt;
	uint64_t last = 0;

	for (unsigned int i = 0; i < k->nworkers; i++) {
		const uint64_t t = __atomic_load_n(&rt->lc[i].last_tsc, __ATOMIC_RELAXED);

		last = t > last ? t : last;
	}
	if (last == 0)
		return now_s - sa->created_s;
	return now_tsc > last ? (now_tsc - last) / rte_get_tsc_hz() : 0;
}

static bool
is_due(const struct keepalive *k, const struct sa *sa, uint64_t now_tsc, uint64_t now_s)
{
	const uint16_t every = sa->spec.natt.keepalive_s;

	if (every == 0 || sa->spec.natt.type == NATT_NONE || sa->state == SA_LARVAL ||
		sa->state == SA_DEAD || !is_outbound(sa->rt))
		return false;
	if (sa->keepalive_s != 0 && now_s - sa->keepalive_s < every)
		return false;
	return idle_s(k, sa, now_tsc, now_s) >= every;
}

static void
put4(uint8_t *p, const struct saidx *idx, uint16_t len)
{
	struct ip4 h = { .ver_ihl = 0x45, .ttl = TTL, .proto = IPPROTO_UDP };

	h.len_be = htons((uint16_t)(sizeof(h) + len));
	h.frag_be = htons(IP4_DF);
	memcpy(h.src, idx->src.b, sizeof(h.src));
	memcpy(h.dst, idx->dst.b, sizeof(h.dst));
	h.csum_be = ip4_csum(&h, sizeof(h));
	memcpy(p, &h, sizeof(h));
}

/* Over IPv6 UDP has a checksum always (RFC 8200 8.1); over IPv4 RFC 3948 2.3 wants none. */
static void
put6(uint8_t *p, const struct saidx *idx, struct keepalive_body *body)
{
	struct ip6 h = { .vtf_be = htonl(6u << 28), .next = IPPROTO_UDP, .hop_limit = TTL };
	uint8_t addrs[32];

	h.plen_be = htons(sizeof(*body));
	memcpy(h.src, idx->src.b, sizeof(h.src));
	memcpy(h.dst, idx->dst.b, sizeof(h.dst));
	memcpy(addrs, h.src, sizeof(h.src));
	memcpy(addrs + sizeof(h.src), h.dst, sizeof(h.dst));
	body->udp.csum = ip_csum_pseudo(addrs, sizeof(addrs), IPPROTO_UDP, body, sizeof(*body));
	if (body->udp.csum == 0)
		body->udp.csum = UINT16_MAX;
	memcpy(p, &h, sizeof(h));
}

static bool
send_one(struct keepalive *k, const struct saidx *idx)
{
	const bool v4 = idx->src.af == AF_INET;
	const uint16_t off = v4 ? sizeof(struct ip4) : sizeof(struct ip6);
	struct rte_mbuf *m = rte_pktmbuf_alloc(k->pool);
	struct keepalive_body body = { .byte = 0xff };
	uint8_t *p = m != NULL ? (uint8_t *)rte_pktmbuf_append(m, off + sizeof(body)) : NULL;

	if (p == NULL) {
		rte_pktmbuf_free(m);
		return false;
	}
	body.udp.sport_be = idx->src.port_be;
	body.udp.dport_be = idx->dst.port_be;
	body.udp.len_be = htons(sizeof(body));
	if (v4)
		put4(p, idx, sizeof(body));
	else
		put6(p, idx, &body);
	memcpy(p + off, &body, sizeof(body));
	*pkt_meta(m) = (struct pkt_meta){ .af = idx->src.af,
		.in_if = IFACE_NONE,
		.flags = PKT_F_LOCAL_OUT,
		.kind = INJECT_ROUTED };
	k->send(k->arg, m);
	return true;
}

void
keepalive_tick(struct keepalive *k, uint64_t now_tsc, uint64_t now_s)
{
	struct sa *sa;

	TAILQ_FOREACH (sa, &k->keyd->sad.all, link) {
		if (!is_due(k, sa, now_tsc, now_s) || !send_one(k, &sa->spec.idx))
			continue;
		sa->keepalive_s = now_s;
		k->sent++;
	}
}
