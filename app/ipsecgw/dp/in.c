/* SPDX-License-Identifier: BSD-2-Clause */
/* Inbound IPsec: find the SA, open, look at what came out. */
#include "dp/dp_hot.h"
#include "pkt/group.h"
#include "wire/ip.h"
#include "xform/xform.h"

static inline void
sad_key_init(struct sad_key *k, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);

	memset(k, 0, sizeof(*k));
	memcpy(&k->spi_be, rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off), 4);
	k->proto = meta->l4_proto;
	k->af = meta->af;
	if (meta->af == AF_INET)
		memcpy(k->dst, ip + offsetof(struct ip4, dst), 4);
	else
		memcpy(k->dst, ip + offsetof(struct ip6, dst), 16);
}

/* The SA says itself what it is called: its template holds SPI and destination. */
static inline bool
is_called(const struct sa_rt *sa, const struct pkt_meta *meta, const uint8_t *ip, rte_be32_t spi_be)
{
	const size_t dst4 = offsetof(struct ip4, dst), dst6 = offsetof(struct ip6, dst);

	if (sa->spi_be != spi_be || sa->outer_af != meta->af || sa->proto != meta->l4_proto)
		return false;
	if (likely(meta->af == AF_INET))
		return memcmp(ip + dst4, sa->hdr + dst4, 4) == 0;
	return memcmp(ip + dst6, sa->hdr + dst6, 16) == 0;
}

/* The shared hash costs some fifty cycles; an SPI seen in this generation costs a few. */
static inline struct sa_rt *
find_sa(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	struct sad_key key;
	struct sa_slot *s;
	rte_be32_t spi_be;

	memcpy(&spi_be, rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off), sizeof(spi_be));
	s = &w->sa_slot[rte_hash_crc_4byte(spi_be, w->seed) & (SA_SLOTS - 1)];
	if (likely(s->gen == w->snap->gen && is_called(s->sa, meta, ip, spi_be)))
		return s->sa;
	sad_key_init(&key, m);
	s->sa = sadtbl_lookup(w->snap, &key);
	s->gen = s->sa != NULL ? w->snap->gen : 0;
	return s->sa;
}

/* Nobody's SPI: an attack or a peer with stale keys when we are addressed, else just traffic. */
static void
no_sa(struct worker *w, struct rte_mbuf *m)
{
	if (nh_kind(w, route_one(w, m)) == NH_LOCAL)
		drop(&w->lane, m, DROP_SEC_NO_SA);
	else
		flow_add(w, m);
}

static inline bool
is_usable(const struct sa_rt *sa)
{
	const uint8_t state = atomic_load_explicit(&sa->state, memory_order_relaxed);

	return state == SA_MATURE || state == SA_DYING;
}

/* @return packets that have an SA, at the front of m */
static uint16_t
lookup(struct worker *w, struct rte_mbuf **m, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);
		struct sa_rt *sa;

		if (unlikely(meta->l4_len < 8)) {
			drop(&w->lane, m[i], DROP_SEC_SHORT);
			continue;
		}
		sa = find_sa(w, m[i]);
		if (unlikely(sa == NULL || sa->dir != DIR_IN)) {
			no_sa(w, m[i]);
			continue;
		}
		if (unlikely(!w->snap->knobs.esp_enable || !is_usable(sa))) {
			drop(&w->lane, m[i], is_usable(sa) ? DROP_ESP_DISABLED : DROP_SEC_SA_STATE);
			continue;
		}
		rte_prefetch0(&sa->hdr);
		rte_prefetch0(&sa->seq);
		meta->sa = sa;
		m[kept++] = m[i];
	}
	return kept;
}

struct sa_proof
sa_proof_of(const struct sa_rt *sa)
{
	const bool v4 = sa->outer_af == AF_INET;
	const uint8_t *src = sa->hdr + (v4 ? offsetof(struct ip4, src) : offsetof(struct ip6, src));

	return (struct sa_proof){
		.proto = sa->proto,
		.mode = sa->mode,
		.authenticated = sa->auth != 0,
		.reqid = sa->reqid,
		.src = addr_make(sa->outer_af, src),
		.dst = addr_make(sa->outer_af, src + (v4 ? 4 : 16)),
	};
}

/*
 * The next SA will take the place of this one in meta->sa, so what this one proved is kept for the
 * inbound policy. The last level has no next: the transform drops what is nested deeper.
 */
static void
open_again(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (meta->depth < NEST_MAX)
		pkt_priv(m)->history[meta->depth - 1] = sa_proof_of(meta->sa);
	pvec_add(&w->lane, &w->v.sec, m);
}

void
in_finish(struct worker *w, struct rte_mbuf **m, uint16_t n)
{
	const struct xform_ops *xf = n > 0 ? pkt_meta(m[0])->sa->xf : NULL;

	if (n == 0)
		return;
	n = xf->in_end(&w->lane, m, n);
	for (uint16_t i = 0; i < n; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);

		if (unlikely(parse_family(m[i], m[i]->data_len, meta->af == AF_INET6, false) !=
			    PARSE_OK)) {
			drop(&w->lane, m[i], DROP_SEC_INNER);
			continue;
		}
		if (unlikely(meta->l4_proto == IPPROTO_ESP && (meta->flags & PKT_F_FRAG) == 0))
			open_again(w, m[i]);
		else
			flow_add(w, m[i]);
	}
}

static void
open_run(struct worker *w, struct rte_mbuf **m, uint16_t n, bool same)
{
	uint16_t done, run;

	n = pkt_meta(m[0])->sa->xf->in_begin(&w->lane, m, n);
	for (uint16_t i = 0; i < n; i += run) {
		const struct crypto_ops *ops = pkt_meta(m[i])->sa->crypto;

		run = engine_run(m + i, n - i, same);
		done = ops->submit(&w->lane, i, m + i, run);
		in_finish(w, m + i, done);
	}
}

void
in_vec(struct worker *w, struct pvec *in)
{
	struct rte_mbuf *m[PVEC_MAX];
	uint16_t n = lookup(w, in->m, in->n);
	uint16_t run;
	bool same;

	/* What comes out may go into the very vector that we empty. */
	memcpy(m, in->m, n * sizeof(*m));
	in->n = 0;
	same = group_by_sa(m, n);
	for (uint16_t i = 0; i < n; i += run) {
		run = xform_run(m + i, n - i, same);
		open_run(w, m + i, run, same);
	}
}
