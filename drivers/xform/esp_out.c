/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP outbound: number, build, pad; hand regions to an engine; count. */
#include <netinet/in.h>

#include "crypto/crypto.h"
#include "ipsec/tunnel.h"
#include "xform/esp_priv.h"

/*
 * Tunnel mode (RFC 4303 3.3), for each run of packets of one SA:
 *  1. refuse what has no room, before it costs a sequence number;
 *  2. take the sequence numbers of the whole run with one atomic addition;
 *  3. per packet: padding behind, outer header, SPI, number and IV in front, crypto regions.
 */

#define L2_ROOM 18u /* Ethernet and VLAN header that tx puts before the outer IP header */

/* Close the gap that drops left between the packets kept so far and a run. */
static inline void
close_gap(struct rte_mbuf **to, struct rte_mbuf **from, uint16_t n)
{
	if (to != from)
		memmove(to, from, n * sizeof(*to));
}

static void
drop_all(struct lane *lane, struct rte_mbuf **m, uint16_t n, enum drop_reason reason)
{
	for (uint16_t i = 0; i < n; i++)
		drop(lane, m[i], reason);
}

static inline unsigned int
inner_len(const struct pkt_meta *meta)
{
	return (unsigned int)meta->l4_off - meta->l3_off + meta->l4_len;
}

/* The buffer must take header and worst-case trailer; it also bounds the outer length. */
static inline bool
has_room(const struct sa_rt *sa, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int start = (unsigned int)m->data_off + meta->l3_off;

	return start >= (unsigned int)sa->hdr_len + sa->iv_len + L2_ROOM &&
		start + inner_len(meta) + sa->tail <= m->buf_len;
}

/*
 * Walk the run of packets that have the SA of the first one; close up at its front what can grow.
 * @return length of the run; *kept of them stay
 */
static uint16_t
out_run_len(struct lane *lane, struct rte_mbuf **m, uint16_t n, uint16_t *kept)
{
	const struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint16_t i, k = 0;

	for (i = 0; i < n && pkt_meta(m[i])->sa == sa; i++) {
		if (likely(has_room(sa, m[i])))
			m[k++] = m[i];
		else
			drop(lane, m[i], DROP_OUT_NO_ROOM);
	}
	*kept = k;
	return i;
}

/* Take up to n sequence numbers. @return how many are below the limit; *first is the first one */
static inline uint16_t
take_seq(struct sa_rt *sa, uint16_t n, uint64_t *first)
{
	uint64_t old = atomic_load_explicit(&sa->seq, memory_order_relaxed);

	if (unlikely(old >= sa->seq_limit))
		return 0;
	/* Relaxed: the number itself is all that workers share; see SEQ_OVERSHOOT. */
	old = atomic_fetch_add_explicit(&sa->seq, n, memory_order_relaxed);
	*first = old + 1;
	if (likely(old < sa->seq_limit && sa->seq_limit - old >= n))
		return n;
	return old >= sa->seq_limit ? 0 : (uint16_t)(sa->seq_limit - old);
}

/* IV, additional data and ICV of a packet whose text region is set. */
static inline void
out_regions(struct lane *lane, const struct sa_rt *sa, struct cop *cop, uint8_t *esp, uint64_t seq)
{
	uint64_t iv_be;

	cop->icv = cop->text + cop->text_len;
	if (sa->cls == ALG_CLASS_GCM) {
		/* Unique per key as long as seq is, which take_seq() sees to (RFC 4106 3.1). */
		iv_be = rte_cpu_to_be_64(sa->iv_base + seq);
		memcpy(esp + ESP_HDR_LEN, &iv_be, sizeof(iv_be));
		memcpy(cop->iv, sa->salt, sizeof(sa->salt));
		memcpy(cop->iv + sizeof(sa->salt), &iv_be, sizeof(iv_be));
		put_aad(sa, cop, esp, seq);
		return;
	}
	if (sa->cls == ALG_CLASS_CBC) {
		crypto_random_iv(lane, cop->iv); /* unpredictable, RFC 3602 3 */
		copy_iv(esp + ESP_HDR_LEN, cop->iv, sa->iv_len);
	}
	cop->aad = esp;
	cop->auth_len = ESP_HDR_LEN + sa->iv_len + cop->text_len;
	if (sa->esn)
		put_esn(cop, cop->icv, seq);
}

static inline void
out_one(struct lane *lane, const struct tunnel_rules *rules, struct rte_mbuf *m, uint64_t seq,
	struct cop *cop)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	const unsigned int v6 = meta->af == AF_INET6 ? KNOBS_V6 : KNOBS_V4;
	const unsigned int len = inner_len(meta), pad = esp_pad_len(len, sa->blk);
	uint8_t *inner = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	uint8_t *outer = inner - sa->iv_len - sa->hdr_len;
	uint8_t *esp = outer + sa->hdr_len - ESP_HDR_LEN;
	uint32_t seq_be = rte_cpu_to_be_32((uint32_t)seq);
	struct tunnel_outer o;

	tunnel_outer_init(&o, rules, inner, v6);
	esp_trailer_put(inner + len, pad, v6 ? IPPROTO_IPV6 : IPPROTO_IPIP);
	cop->text = inner;
	cop->text_len = len + pad + ESP_TRAILER_LEN;
	o.len = (uint16_t)(sa->esp_fixed + cop->text_len);
	o.id = (uint16_t)seq;
	if (sa->outer_af == AF_INET)
		tunnel_put4(outer, sa->hdr, &o);
	else
		tunnel_put6(outer, sa->hdr, &o);
	memcpy(esp, &sa->spi_be, sizeof(sa->spi_be));
	memcpy(esp + sizeof(sa->spi_be), &seq_be, sizeof(seq_be));
	out_regions(lane, sa, cop, esp, seq);
	m->data_off = (uint16_t)(outer - (uint8_t *)m->buf_addr);
	m->data_len = (uint16_t)(sa->hdr_len - ESP_HDR_LEN + o.len);
	m->pkt_len = m->data_len;
	meta->l3_off = 0;
	meta->l4_off = (uint16_t)(sa->hdr_len - ESP_HDR_LEN);
	meta->l4_len = o.len;
	pkt_set_proto(meta, sa->outer_af, IPPROTO_ESP);
	/* The outer packet is whole, even when what it carries is a fragment. */
	meta->flags &= (uint16_t) ~(PKT_F_FRAG | PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR);
	meta->flags |= PKT_F_OUT;
}

static uint16_t
out_run(struct lane *lane, const struct tunnel_rules *rules, struct rte_mbuf **m, uint16_t n,
	struct cop *cop)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint64_t seq = 0, bytes = 0;
	uint16_t got;

	if (unlikely(atomic_load_explicit(&sa->state, memory_order_relaxed) == SA_DEAD)) {
		drop_all(lane, m, n, DROP_OUT_SA_STATE);
		return 0;
	}
	got = take_seq(sa, n, &seq);
	if (unlikely(got < n)) {
		sa->lc[lane->idx].seq_overflow += n - got;
		drop_all(lane, m + got, n - got, DROP_OUT_SEQ);
	}
	for (uint16_t i = 0; i < got; i++) {
		out_one(lane, rules, m[i], seq + i, &cop[i]);
		bytes += cop[i].text_len;
	}
	count(lane, sa, got, bytes);
	return got;
}

uint16_t
esp_out_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	struct tunnel_rules rules;
	uint16_t kept = 0, run, left;

	tunnel_rules_init(&rules, lane->knobs);
	for (uint16_t i = 0; i < n; i += run) {
		run = out_run_len(lane, m + i, n - i, &left);
		if (likely(left > 0))
			left = out_run(lane, &rules, m + i, left, lane->cop + kept);
		close_gap(m + kept, m + i, left);
		kept += left;
	}
	return kept;
}

uint16_t
esp_out_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);

		if (unlikely(meta->flags & (PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR))) {
			drop(lane, m[i], DROP_CRYPTO_ERROR);
			continue;
		}
		meta->flags &= (uint16_t)~PKT_F_OUT;
		m[kept++] = m[i];
	}
	return kept;
}
