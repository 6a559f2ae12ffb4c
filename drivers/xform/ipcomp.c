/* SPDX-License-Identifier: BSD-2-Clause */
/* IPComp (RFC 3173): leave alone what does not shrink, wrap what does, open what came compressed. */
/* sa_init on control; begin and end on workers with their own lane. */
#include "ipsec/ipcomp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>

#include "crypto/crypto.h"
#include "xform/seq_in.h"
#include "xform/seq_out.h"
#include "xform/wrap_tunnel.h"
#include "xform/xform.h"

/*
 * Outbound, per packet:
 *  1. find the payload; short ones, fragments and what is protected already are not given to the engine;
 *  2. (engine) DEFLATE, in place; comp_len is 0 when nothing was gained;
 *  3. compressed: IP header, IPComp header. Else transport mode does nothing at all, and tunnel mode is
 *     IP in IP without IPComp (RFC 3173 2.2: the datagram MUST be sent in its original form).
 * Inbound: header, (engine) inflate, wrap_in(). There are no numbers, no replay, no integrity.
 */

/* Outbound from begin to end, because the engine writes over the payload: the inner header is needed for
 * the outer one, and in IPv6 extension headers behind the insertion point tell where that is. */
struct saved {
	struct wrap w;
	uint8_t ip[sizeof(struct ip6)];
};
static_assert(sizeof(struct saved) <= PKT_SAVE_MAX, "fits");
static_assert(IPCOMP_MIN_LEN > sizeof(struct ip6), "a payload to compress has that many bytes");

/* ---- control ---- */

static int
ipcomp_sa_check(const struct sa_spec *spec, struct err *err)
{
	const int rc = wrap_sa_check(spec, err);

	if (rc != 0)
		return rc;
	if (spec->comp == NULL)
		return err_set(err, -EINVAL, "IPComp needs a compression algorithm");
	if (spec->comp->code != ALG_DEFLATE)
		return err_set(
			err, -EOPNOTSUPP, "IPComp with %s is not supported", spec->comp->name);
	if (spec->enc != NULL || spec->auth != NULL)
		return err_set(err, -EINVAL, "IPComp neither encrypts nor authenticates");
	if ((spec->flags & SA_F_ESN) != 0)
		return err_set(err, -EINVAL, "IPComp has no sequence numbers");
	return 0;
}

static int
ipcomp_sa_init(
	struct sa_rt *sa, const struct sa_spec *spec, const struct knobs *knobs, struct err *err)
{
	const bool raw = (spec->flags & SA_F_RAWCPI) != 0;
	const int rc = ipcomp_sa_check(spec, err);

	(void)knobs;
	if (rc != 0)
		return rc;
	sa->xf = &xform_ipcomp;
	sa->proto = IPPROTO_IPCOMP;
	sa->cls = ALG_CLASS_COMP;
	sa->opts = raw ? SA_RT_RAWCPI : 0;
	sa->auth = 0;
	sa->blk = 4;
	wrap_sa_init(sa, spec);
	sa->spi_be = rte_cpu_to_be_32(spec->spi);
	/* Without -R the algorithm's number is on the wire, whatever the SPI (as NetBSD does). */
	ipcomp_put(sa->hdr + sa->outer_len,
		(struct ipcomp_hdr){ .cpi = raw ? (uint16_t)spec->spi : spec->comp->id });
	sa->hdr_len = (uint8_t)(sa->outer_len + IPCOMP_HDR_LEN);
	atomic_init(&sa->seq, 0);
	rte_spinlock_init(&sa->lock);
	sa->rp = NULL;
	return 0;
}

static void
ipcomp_sa_fini(struct sa_rt *sa)
{
	(void)sa;
}

/* ---- outbound ---- */

static bool
is_ipsec(uint8_t proto)
{
	return proto == IPPROTO_ESP || proto == IPPROTO_AH || proto == IPPROTO_IPCOMP;
}

/* Lay out one packet. @return DROP_MAX, or the reason to drop it */
static enum drop_reason
out_layout(struct lane *lane, struct rte_mbuf *m, struct cop *cop)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	struct saved s = { 0 };

	if (unlikely(atomic_load_explicit(&sa->state, memory_order_relaxed) == SA_DEAD))
		return DROP_OUT_SA_STATE;
	if (unlikely(!seq_has_room(sa, m)))
		return DROP_OUT_NO_ROOM;
	meta->flags &= (uint16_t) ~(PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR);
	meta->flags |= PKT_F_OUT;
	cop->text_len = 0;
	if (!wrap_find(m, &s.w)) {
		if (s.w.why != DROP_OUT_FRAG)
			return s.w.why;
	} else if (s.w.payload_len < IPCOMP_MIN_LEN) {
		crypto_comp_note(lane, COMP_MINLEN);
	} else if (is_ipsec(s.w.next)) {
		crypto_comp_note(lane, COMP_USELESS); /* no receiver would open it */
	} else {
		cop->text = s.w.payload;
		cop->text_len = s.w.payload_len;
		memcpy(s.ip, s.w.payload, sizeof(s.ip));
	}
	memcpy(pkt_priv(m)->save, &s, sizeof(s));
	return DROP_MAX;
}

static uint16_t
ipcomp_out_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		const enum drop_reason why = out_layout(lane, m[i], &lane->cop[kept]);

		if (likely(why == DROP_MAX))
			m[kept++] = m[i];
		else
			drop(lane, m[i], why);
	}
	return kept;
}

static inline uint16_t
next_id(struct sa_rt *sa)
{
	return (uint16_t)atomic_fetch_add_explicit(&sa->seq, 1, memory_order_relaxed);
}

/* Not compressed: IP in IP, or the packet as it is. */
static void
out_plain(const struct tunnel_rules *rules, struct rte_mbuf *m, const struct wrap *w)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct sa_rt *sa = meta->sa;
	const struct wrap_size size = { .id = next_id(sa) };
	uint8_t *ip;
	uint16_t csum;

	if ((meta->flags & PKT_F_TRANSPORT) != 0) {
		wrap_done(m, rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off),
			(uint16_t)(meta->l4_off - meta->l3_off), meta->l4_len);
		return;
	}
	ip = wrap_tunnel_out(rules, m, w, &size) - sa->outer_len;
	pkt_set_proto(meta, sa->outer_af, w->next);
	if (sa->outer_af == AF_INET6) {
		ip[offsetof(struct ip6, next)] = w->next;
		return;
	}
	ip[offsetof(struct ip4, proto)] = w->next;
	memset(ip + offsetof(struct ip4, csum_be), 0, sizeof(csum));
	csum = ip4_csum(ip, sizeof(struct ip4));
	memcpy(ip + offsetof(struct ip4, csum_be), &csum, sizeof(csum));
}

static void
out_compressed(const struct tunnel_rules *rules, struct rte_mbuf *m, struct saved *s)
{
	const struct wrap_size size = { .gap = IPCOMP_HDR_LEN, .id = next_id(pkt_meta(m)->sa) };
	const struct sa_rt *sa = pkt_meta(m)->sa;
	uint8_t text[sizeof(s->ip)];
	uint8_t *hdr;

	/* The outer header is made with the inner one in sight. */
	memcpy(text, s->w.payload, sizeof(text));
	memcpy(s->w.payload, s->ip, sizeof(text));
	s->w.payload_len = pkt_priv(m)->comp_len;
	hdr = wrap_out(rules, m, &s->w, &size);
	memcpy(s->w.payload, text, sizeof(text));
	memcpy(hdr, sa->hdr + sa->outer_len, IPCOMP_HDR_LEN);
	hdr[0] = s->w.next;
}

static uint16_t
ipcomp_out_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	struct tunnel_rules rules;
	uint16_t kept = 0;

	tunnel_rules_init(&rules, lane->knobs);
	for (uint16_t i = 0; i < n; i++) {
		const struct pkt_priv *priv = pkt_priv(m[i]);
		struct saved s;

		if (unlikely(priv->comp_why != DROP_MAX)) {
			drop(lane, m[i], priv->comp_why);
			continue;
		}
		memcpy(&s, priv->save, sizeof(s));
		if (priv->comp_len > 0) {
			seq_count(lane, pkt_meta(m[i])->sa, 1, s.w.payload_len);
			out_compressed(&rules, m[i], &s);
		} else {
			out_plain(&rules, m[i], &s.w);
		}
		pkt_meta(m[i])->flags &= (uint16_t)~PKT_F_OUT;
		m[kept++] = m[i];
	}
	return kept;
}

/* ---- inbound ---- */

static void
in_drop(struct lane *lane, struct rte_mbuf *m, enum drop_reason why)
{
	struct sa_lc *lc = &pkt_meta(m)->sa->lc[lane->idx];

	lc->malformed += why == DROP_COMP_DATA || why == DROP_COMP_TOO_BIG;
	seq_in_drop(lane, m, why);
}

static enum drop_reason
in_layout(struct rte_mbuf *m, struct cop *cop)
{
	struct pkt_meta *meta = pkt_meta(m);
	uint8_t *hdr = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off);

	if (unlikely(!seq_is_from_peer(
		    meta->sa, meta, rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off))))
		return DROP_SEC_SA_ADDR;
	/* NetBSD wants 8 bytes behind the header; a stream of DEFLATE has one at least. */
	if (unlikely(meta->l4_len <= IPCOMP_HDR_LEN))
		return DROP_SEC_SHORT;
	if (unlikely(is_ipsec(ipcomp_get(hdr).next)))
		return DROP_SEC_NEXT;
	meta->flags &= (uint16_t) ~(PKT_F_OUT | PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR);
	cop->text = hdr + IPCOMP_HDR_LEN;
	cop->text_len = meta->l4_len - IPCOMP_HDR_LEN;
	return DROP_MAX;
}

static uint16_t
ipcomp_in_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		const enum drop_reason why = in_layout(m[i], &lane->cop[kept]);

		if (likely(why == DROP_MAX))
			m[kept++] = m[i];
		else
			in_drop(lane, m[i], why);
	}
	return kept;
}

/* Nothing is counted on the SA before the packet has proved to be one. */
static enum drop_reason
in_open(struct lane *lane, const struct tunnel_rules *rules, struct rte_mbuf *m)
{
	struct sa_rt *sa = pkt_meta(m)->sa;
	const struct pkt_priv *priv = pkt_priv(m);
	uint8_t *hdr = rte_pktmbuf_mtod_offset(m, uint8_t *, pkt_meta(m)->l4_off);
	const uint16_t len = priv->comp_len;
	enum drop_reason why = priv->comp_why;

	if (likely(why == DROP_MAX))
		why = wrap_in(rules, m, hdr + IPCOMP_HDR_LEN, len, ipcomp_get(hdr).next);
	if (likely(why == DROP_MAX))
		seq_count(lane, sa, 1, len);
	return why;
}

static uint16_t
ipcomp_in_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	struct tunnel_rules rules;
	uint16_t kept = 0;

	tunnel_rules_init(&rules, lane->knobs);
	for (uint16_t i = 0; i < n; i++) {
		const enum drop_reason why = in_open(lane, &rules, m[i]);

		if (likely(why == DROP_MAX))
			m[kept++] = m[i];
		else
			in_drop(lane, m[i], why);
	}
	return kept;
}

const struct xform_ops xform_ipcomp = {
	.name = "ipcomp",
	.sa_check = ipcomp_sa_check,
	.sa_init = ipcomp_sa_init,
	.sa_fini = ipcomp_sa_fini,
	.out_begin = ipcomp_out_begin,
	.out_end = ipcomp_out_end,
	.in_begin = ipcomp_in_begin,
	.in_end = ipcomp_in_end,
};
