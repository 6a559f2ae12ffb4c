/* SPDX-License-Identifier: BSD-2-Clause */
/* AH inbound: check, mask, hand the packet to an engine, verify, strip. */
#include <netinet/in.h>
#include <stdbool.h>

#include "xform/ah_priv.h"
#include "xform/seq_in.h"

/*
 * RFC 4302 3.4, for each run of packets of one SA:
 *  1. whole packets only; addresses, lengths; replay check of the run under one lock;
 *  2. per packet: the received ICV is moved away and its place zeroed, the IP header is masked;
 *  3. (engine)
 *  4. verdict; replay check again and commit under one lock, for a burst may hold a number twice;
 *  5. per packet: the IP header as it was, strip.
 */

/* Bytes of the header by its own length byte, which in_shape_one() has checked. */
static inline unsigned int
len_of(const uint8_t *ah)
{
	return (ah[1] + 2u) * 4u;
}

/*
 * IPv6 has one right length. Over IPv4 a peer may align to 4 bytes, as RFC 4302 says, or to 8, as Linux
 * does: both are taken, whatever we send.
 */
static inline bool
is_len_right(const struct sa_rt *sa, unsigned int len)
{
	const unsigned int fixed = ah_fixed(sa), icv = (unsigned int)sa->iv_len + sa->icv_len;

	return len == ah_len(fixed, icv, 8) ||
		(sa->outer_af == AF_INET && len == ah_len(fixed, icv, 4));
}

static inline enum drop_reason
in_shape_one(const struct sa_rt *sa, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	const uint8_t *ah = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);

	if (unlikely(meta->flags & PKT_F_FRAG))
		return DROP_SEC_FRAG;
	if (unlikely(!seq_is_from_peer(sa, meta, ip)))
		return DROP_SEC_SA_ADDR;
	if (unlikely(meta->l4_len < ah_fixed(sa)))
		return DROP_SEC_SHORT;
	if (unlikely(!is_len_right(sa, len_of(ah))))
		return DROP_SEC_ICV_LEN;
	if (unlikely(meta->l4_len < len_of(ah)))
		return DROP_SEC_SHORT;
	if (unlikely(sa->esn &&
		    (unsigned int)m->data_off + meta->l4_off + meta->l4_len + 4 > m->buf_len))
		return DROP_OUT_NO_ROOM;
	return KEEP;
}

/* Move the received ICV away, zero its place and the mutable fields, name the regions. */
static inline enum drop_reason
in_mask(const struct ah_rules *rules, const struct sa_rt *sa, struct rte_mbuf *m, struct cop *cop)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct pkt_priv *priv = pkt_priv(m);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	uint8_t *icv = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off) + ah_fixed(sa);

	if (unlikely(
		    ah_mask(ip, (unsigned int)meta->l4_off - meta->l3_off, rules, priv->save) != 0))
		return DROP_SEC_HEAD;
	meta->flags &= (uint16_t) ~(PKT_F_OUT | PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR);
	if (sa->iv_len > 0)
		ah_nonce(sa, cop, priv->iv, icv);
	memcpy(priv->icv, icv + sa->iv_len, sa->icv_len);
	memset(icv, 0, (size_t)sa->iv_len + sa->icv_len);
	cop->icv = priv->icv;
	ah_regions(sa, m, cop, meta->seq);
	return KEEP;
}

uint16_t
ah_in_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint8_t verdict[PVEC_MAX];
	struct ah_rules rules;
	uint16_t kept = 0;

	ah_rules_init(&rules, lane->knobs);
	for (uint16_t i = 0; i < n;)
		i += seq_check_run(m + i, n - i, verdict + i, in_shape_one, AH_SEQ_OFF);
	for (uint16_t i = 0; i < n; i++) {
		if (likely(verdict[i] == KEEP))
			verdict[i] = (uint8_t)in_mask(
				&rules, pkt_meta(m[i])->sa, m[i], &lane->cop[kept]);
		if (likely(verdict[i] == KEEP))
			m[kept++] = m[i];
		else
			seq_in_drop(lane, m[i], verdict[i]);
	}
	return kept;
}

/* Give a verified packet its IP header back and take the AH out. @return KEEP or why it must go */
static inline enum drop_reason
in_open(const struct tunnel_rules *rules, struct rte_mbuf *m, uint64_t *bytes)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	uint8_t *ah = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off);
	const unsigned int len = len_of(ah);

	*bytes += wrap_len(meta);
	ah_unmask(ip, (unsigned int)meta->l4_off - meta->l3_off, pkt_priv(m)->save);
	return wrap_in(rules, m, ah + len, (uint16_t)(meta->l4_len - len), ah[0]);
}

uint16_t
ah_in_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	return seq_in_end(lane, m, n, in_open);
}
