/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP inbound: check, hand regions to an engine, verify, strip. */
#include <netinet/in.h>

#include "xform/esp_priv.h"
#include "xform/seq_in.h"
#include "xform/wrap_tunnel.h"

/*
 * For each run of packets of one SA (RFC 4303 3.4):
 *  1. outer addresses, lengths; replay check of the run under one lock; crypto regions;
 *  2. (engine)
 *  3. verdict; replay check again and commit under one lock, for a burst may hold a number twice;
 *  4. per packet: trailer, then out of the tunnel or back behind its own IP header.
 */

/* Null authentication: the ICV that nobody computes is zeros. */
static __rte_noinline bool
is_zero(const uint8_t *p, unsigned int n)
{
	uint8_t bits = 0;

	for (unsigned int i = 0; i < n; i++)
		bits |= p[i];
	return bits == 0;
}

static inline enum drop_reason
in_shape_one(const struct sa_rt *sa, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int fixed = sa->esp_fixed;
	const unsigned int len = meta->l4_len;

	if (unlikely(!seq_is_from_peer(
		    sa, meta, rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off))))
		return DROP_SEC_SA_ADDR;
	if (unlikely(len < fixed + ESP_TRAILER_LEN))
		return DROP_SEC_SHORT;
	if (unlikely(((len - fixed) & sa->len_mask) != 0))
		return DROP_SEC_LENGTH;
	return KEEP;
}

/* Every class but GCM with its IV in the packet. */
static __rte_noinline void
in_regions_other(const struct sa_rt *sa, struct pkt_meta *meta, struct cop *cop, uint8_t *esp)
{
	const uint64_t seq = meta->seq, seq_be = rte_cpu_to_be_64(seq);
	uint8_t iv[8] = { 0 };

	if (sa->opts & SA_RT_IIV)
		memcpy(iv, &seq_be, sizeof(iv));
	else if (sa->cls != ALG_CLASS_NULL && sa->cls != ALG_CLASS_CBC)
		memcpy(iv, esp + ESP_HDR_LEN, sizeof(iv));
	if (sa->cls == ALG_CLASS_CBC)
		copy_iv(cop->iv, esp + ESP_HDR_LEN, sa->iv_len);
	else
		put_nonce(sa, cop, iv);
	if (is_aead(sa)) {
		put_aad(sa, cop, esp, seq);
		if (sa->cls == ALG_CLASS_GMAC)
			put_gmac_text(sa, cop);
		return;
	}
	cop->aad = esp;
	cop->auth_len = 0;
	if (!sa->auth) {
		if (!is_zero(cop->icv, sa->icv_len))
			meta->flags |= PKT_F_CRYPTO_FAIL; /* as an engine would say */
		return;
	}
	cop->auth_len = ESP_HDR_LEN + sa->iv_len + cop->text_len;
	if (sa->esn) {
		memcpy(cop->tag, cop->icv, sa->icv_len);
		put_esn(cop, cop->icv, seq);
		cop->icv = cop->tag;
	}
}

static inline void
in_regions(const struct sa_rt *sa, struct rte_mbuf *m, struct cop *cop)
{
	struct pkt_meta *meta = pkt_meta(m);
	uint8_t *esp = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off);

	meta->flags &= (uint16_t) ~(PKT_F_OUT | PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR);
	cop->text = esp + ESP_HDR_LEN + sa->iv_len;
	cop->text_len = text_len(sa, meta);
	cop->icv = cop->text + cop->text_len;
	if (sa->cls == ALG_CLASS_GCM && likely((sa->opts & SA_RT_IIV) == 0)) {
		memcpy(cop->iv, sa->salt, sizeof(sa->salt));
		memcpy(cop->iv + sizeof(sa->salt), esp + ESP_HDR_LEN, 8);
		put_aad(sa, cop, esp, meta->seq);
		return;
	}
	in_regions_other(sa, meta, cop, esp);
}

uint16_t
esp_in_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint8_t verdict[PVEC_MAX];
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n;)
		i += seq_check_run(m + i, n - i, verdict + i, in_shape_one, 4);
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(verdict[i] != KEEP)) {
			seq_in_drop(lane, m[i], verdict[i]);
			continue;
		}
		in_regions(pkt_meta(m[i])->sa, m[i], &lane->cop[kept]);
		m[kept++] = m[i];
	}
	return kept;
}

/* Random padding is not looked at; zeros must be zeros. */
static __rte_noinline bool
pad_ok_other(const struct sa_rt *sa, const uint8_t *pad, unsigned int n)
{
	return (sa->opts & SA_RT_PAD_RAND) != 0 || is_zero(pad, n);
}

/* What a mode decides. With its own copy of the rules, so that those of the batch stay in registers. */
static __rte_noinline enum drop_reason
in_open_other(struct tunnel_rules rules, struct rte_mbuf *m, uint8_t *text,
	const struct esp_payload payload)
{
	return wrap_in(&rules, m, text, (uint16_t)payload.len, payload.next);
}

/* Take the trailer off a verified packet, and then what the SA's mode says. */
static inline enum drop_reason
in_open(const struct tunnel_rules *rules, struct rte_mbuf *m, uint64_t *bytes)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	uint8_t *text =
		rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off + ESP_HDR_LEN + sa->iv_len);
	const unsigned int len = text_len(sa, meta);
	struct esp_payload payload;
	bool pad_ok;

	*bytes += len;
	if (unlikely(!esp_trailer_find(text, len, &payload)))
		return DROP_SEC_PAD;
	if (likely((sa->opts & (SA_RT_PAD_RAND | SA_RT_PAD_ZERO)) == 0))
		pad_ok = esp_pad_ok(text + payload.len, payload.pad);
	else
		pad_ok = pad_ok_other(sa, text + payload.len, payload.pad);
	if (unlikely(!pad_ok))
		return DROP_SEC_PAD;
	if (unlikely(payload.next == IPPROTO_NONE))
		return DROP_SEC_DUMMY;
	if (likely(sa->mode == MODE_TUNNEL))
		return wrap_tunnel_in(rules, m, text, (uint16_t)payload.len, payload.next);
	return in_open_other(*rules, m, text, payload);
}

uint16_t
esp_in_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	return seq_in_end(lane, m, n, in_open);
}
