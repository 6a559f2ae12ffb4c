/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/frame.h"
#include "ctl/local_priv.h"
#include "pkt/punt.h"
#include "wire/ip.h"

struct local *
local_new(const struct local_conf *conf, struct err *err)
{
	struct local *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		(void)err_set(err, -ENOMEM, "no memory for the local stack");
		return NULL;
	}
	l->conf = *conf;
	l->conflict = (struct log_limit){ .interval_ms = 10000, .burst = 3 };
	if (nbr_init(l) != 0) {
		(void)err_set(err, -ENOMEM, "no memory for %u neighbours", NBR_MAX);
		free(l);
		return NULL;
	}
	return l;
}

void
local_free(struct local *l)
{
	if (l == NULL)
		return;
	nbr_fini(l);
	free(l);
}

static unsigned int
be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

bool
ippkt_get(struct rte_mbuf *m, struct ippkt *out)
{
	const size_t off = pkt_meta(m)->l3_off;
	const size_t room = off < m->data_len ? m->data_len - off : 0;
	uint8_t *p = rte_pktmbuf_mtod_offset(m, uint8_t *, off);

	out->p = p;
	if (room >= sizeof(struct ip4) && p[0] >> 4 == 4) {
		out->len = be16(p + offsetof(struct ip4, len_be));
		out->src = addr_make(AF_INET, p + offsetof(struct ip4, src));
		out->dst = addr_make(AF_INET, p + offsetof(struct ip4, dst));
		return out->len >= sizeof(struct ip4) && out->len <= room;
	}
	if (room >= sizeof(struct ip6) && p[0] >> 4 == 6) {
		out->len = sizeof(struct ip6) + be16(p + offsetof(struct ip6, plen_be));
		out->src = addr_make(AF_INET6, p + offsetof(struct ip6, src));
		out->dst = addr_make(AF_INET6, p + offsetof(struct ip6, dst));
		return out->len <= room;
	}
	return false;
}

bool
tokens_take(struct tokens *t, uint32_t per_s, uint32_t burst, uint64_t now_ms)
{
	const uint64_t back = (now_ms - t->at_ms) * per_s;

	t->used -= back < t->used ? back : t->used;
	t->at_ms = now_ms;
	if (t->used + 1000 > (uint64_t)burst * 1000)
		return false;
	t->used += 1000;
	return true;
}

void
local_inject(struct local *l, struct rte_mbuf *m, uint8_t kind)
{
	pkt_meta(m)->kind = kind;
	l->conf.inject(l->conf.arg, m);
}

/* Already counted as a drop where it happened: answer, and let go without counting. */
static void
refused(struct local *l, struct rte_mbuf *m, enum icmp_err what)
{
	host_error(l, m, what);
	rte_pktmbuf_free(m);
}

void
local_punt(struct local *l, struct rte_mbuf *m, uint64_t now_ms)
{
	l->now_ms = now_ms;
	switch (pkt_meta(m)->kind) {
	case PUNT_ARP:
		discover_arp(l, m);
		break;
	case PUNT_LOCAL:
		host_input(l, m);
		break;
	case PUNT_RESOLVE:
		nbr_resolve(l, m);
		break;
	case PUNT_TTL:
		refused(l, m, ICMP_ERR_TTL);
		break;
	case PUNT_TOO_BIG:
		refused(l, m, ICMP_ERR_TOO_BIG);
		break;
	case PUNT_NO_ROUTE:
		refused(l, m, ICMP_ERR_NET);
		break;
	default:
		drop(l->conf.lane, m, DROP_IP_LOCAL);
		break;
	}
}

void
local_tick(struct local *l, uint64_t now_ms)
{
	l->now_ms = now_ms;
	nbr_tick(l);
	if (now_ms >= l->pmtu_due_ms) {
		snap_pmtu_age(l->conf.snap, now_ms);
		l->pmtu_due_ms = now_ms + PMTU_AGE_MS;
	}
}

void
local_announce(struct local *l, uint64_t now_ms)
{
	const struct portset *ps = l->conf.ports;
	struct addr a;

	l->now_ms = now_ms;
	for (uint8_t i = 0; i < ps->niface; i++) {
		for (unsigned int k = 0; k < ps->iface[i].naddr; k++)
			frame_announce(l, i, &ps->iface[i].addr[k]);
		if (us_link_local(l, i, &a))
			frame_announce(l, i, &a);
	}
}
