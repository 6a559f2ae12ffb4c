/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP outbound: number, build, pad; hand regions to an engine; count. */
#include <netinet/in.h>

#include "crypto/crypto.h"
#include "xform/esp_priv.h"
#include "xform/seq.h"
#include "xform/wrap_tunnel.h"

/*
 * For each run of packets of one SA (RFC 4303 3.3):
 *  1. refuse what has no room, before it costs a sequence number;
 *  2. take the sequence numbers of the whole run with one atomic addition;
 *  3. per packet: padding behind, outer header or its own, SPI, number and IV in front, crypto regions.
 */

/* One packet of a run: its number, and what makes its IV. */
struct out_num {
	uint64_t seq, ctr;
};

/* Every class but GCM with its IV in the packet. */
static void
out_regions_other(struct lane *lane, const struct sa_rt *sa, struct cop *cop, uint8_t *esp,
	const struct out_num *num)
{
	const uint64_t iv_be = rte_cpu_to_be_64((sa->opts & SA_RT_IIV) != 0 ? num->seq : num->ctr);
	uint8_t iv[8];

	memcpy(iv, &iv_be, sizeof(iv));
	if (sa->cls == ALG_CLASS_CBC) {
		crypto_random_iv(lane, cop->iv); /* unpredictable, RFC 3602 3 */
		copy_iv(esp + ESP_HDR_LEN, cop->iv, sa->iv_len);
	} else {
		memcpy(esp + ESP_HDR_LEN, iv, sa->iv_len);
		put_nonce(sa, cop, iv);
	}
	if (is_aead(sa)) {
		put_aad(sa, cop, esp, num->seq);
		if (sa->cls == ALG_CLASS_GMAC)
			put_gmac_text(sa, cop);
		return;
	}
	cop->aad = esp;
	cop->auth_len = sa->auth ? ESP_HDR_LEN + sa->iv_len + cop->text_len : 0;
	if (sa->esn)
		put_esn(cop, cop->icv, num->seq);
	if (!sa->auth)
		memset(cop->icv, 0, sa->icv_len); /* null authentication */
}

/* IV, additional data and ICV of a packet whose text region is set. */
static inline void
out_regions(struct lane *lane, const struct sa_rt *sa, struct cop *cop, uint8_t *esp,
	const struct out_num *num)
{
	uint64_t iv_be;

	cop->icv = cop->text + cop->text_len;
	if (sa->cls == ALG_CLASS_GCM && likely((sa->opts & SA_RT_IIV) == 0)) {
		/* Unique per key as long as seq is, which seq_take() sees to (RFC 4106 3.1). */
		iv_be = rte_cpu_to_be_64(num->ctr);
		memcpy(esp + ESP_HDR_LEN, &iv_be, sizeof(iv_be));
		memcpy(cop->iv, sa->salt, sizeof(sa->salt));
		memcpy(cop->iv + sizeof(sa->salt), &iv_be, sizeof(iv_be));
		put_aad(sa, cop, esp, num->seq);
		return;
	}
	out_regions_other(lane, sa, cop, esp, num);
}

/* Sequential padding is in place already. @param tfc  bytes of confidentiality padding before p */
static void
pad_other(struct lane *lane, const struct sa_rt *sa, uint8_t *p, unsigned int pad, unsigned int tfc)
{
	uint8_t random[16];

	memset(p - tfc, 0, tfc);
	if (sa->opts & SA_RT_PAD_ZERO)
		memset(p, 0, pad);
	if (sa->opts & SA_RT_PAD_RAND) {
		crypto_random_iv(lane, random);
		memcpy(p, random, pad); /* at most ESP_BLK_MAX - 1 */
	}
}

static inline void
out_one(struct lane *lane, const struct tunnel_rules *rules, struct rte_mbuf *m,
	const struct out_num *num, struct cop *cop)
{
	const struct sa_rt *sa = pkt_meta(m)->sa;
	const bool transport =
		unlikely(sa->mode != MODE_TUNNEL && (pkt_meta(m)->flags & PKT_F_TRANSPORT) != 0);
	const bool v6 = pkt_meta(m)->af == AF_INET6;
	const uint32_t seq_be = rte_cpu_to_be_32((uint32_t)num->seq);
	unsigned int len, pad, tfc = 0;
	struct wrap_size size;
	struct wrap w;
	uint8_t *esp;

	w.payload = rte_pktmbuf_mtod_offset(m, uint8_t *, pkt_meta(m)->l3_off);
	w.payload_len = wrap_len(pkt_meta(m));
	w.next = v6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	if (transport)
		(void)wrap_find(m, &w); /* out_fits() knows that it is well */
	else if (unlikely(sa->tfc_len > w.payload_len))
		tfc = (unsigned int)sa->tfc_len - w.payload_len;
	len = w.payload_len + tfc;
	pad = esp_pad_len(len, sa->blk);
	esp_trailer_put(w.payload + len, pad, w.next);
	if (unlikely((sa->opts & (SA_RT_PAD_RAND | SA_RT_PAD_ZERO)) != 0 || tfc > 0))
		pad_other(lane, sa, w.payload + len, pad, tfc);
	cop->text = w.payload;
	cop->text_len = len + pad + ESP_TRAILER_LEN;
	size.gap = (uint16_t)(ESP_HDR_LEN + sa->iv_len);
	size.behind = (uint16_t)(cop->text_len - w.payload_len + sa->icv_len);
	size.id = (uint16_t)num->ctr;
	esp = transport ? wrap_out(rules, m, &w, &size) : wrap_tunnel_out(rules, m, &w, &size);
	memcpy(esp, &sa->spi_be, sizeof(sa->spi_be));
	memcpy(esp + sizeof(sa->spi_be), &seq_be, sizeof(seq_be));
	out_regions(lane, sa, cop, esp, num);
}

/* Transport mode refuses some packets, before they cost a number. @return how many stay in front */
static uint16_t
out_fits(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	struct wrap w;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (likely((pkt_meta(m[i])->flags & PKT_F_TRANSPORT) == 0 || wrap_find(m[i], &w)))
			m[kept++] = m[i];
		else
			drop(lane, m[i], w.why);
	}
	return kept;
}

static uint16_t
out_run(struct lane *lane, const struct tunnel_rules *rules, struct rte_mbuf **m, uint16_t n,
	struct cop *cop)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;
	struct seq_run run;
	struct out_num num;
	uint64_t bytes = 0;

	if (unlikely(sa->mode != MODE_TUNNEL)) {
		n = out_fits(lane, m, n);
		if (n == 0)
			return 0;
	}
	seq_take_run(lane, m, n, &run);
	num.seq = run.first;
	num.ctr = run.ctr;
	for (uint16_t i = 0; i < run.n; i++, num.seq += run.step, num.ctr++) {
		out_one(lane, rules, m[i], &num, &cop[i]);
		bytes += cop[i].text_len;
	}
	seq_count(lane, sa, run.n, bytes);
	return run.n;
}

uint16_t
esp_out_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	struct tunnel_rules rules;
	uint16_t kept = 0, run, left;

	tunnel_rules_init(&rules, lane->knobs);
	for (uint16_t i = 0; i < n; i += run) {
		run = seq_out_run_len(lane, m + i, n - i, &left);
		if (likely(left > 0))
			left = out_run(lane, &rules, m + i, left, lane->cop + kept);
		seq_close_gap(m + kept, m + i, left);
		kept += left;
	}
	return kept;
}

/* What can be done only when the ICV is there. */
static void
out_finish(const struct lane *lane, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	const unsigned int icv_len = meta->sa->icv_len;

	if (lane->knobs->test_integrity != 0)
		memset(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - icv_len), 0, icv_len);
	if ((meta->flags & PKT_F_UDP) != 0 && meta->af == AF_INET6)
		wrap_udp_csum(m);
	meta->flags &= (uint16_t)~PKT_F_UDP;
}

uint16_t
esp_out_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	const bool spoil = lane->knobs->test_integrity != 0;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);

		if (unlikely(meta->flags & (PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR))) {
			drop(lane, m[i], DROP_CRYPTO_ERROR);
			continue;
		}
		if (unlikely((meta->flags & PKT_F_UDP) != 0 || spoil))
			out_finish(lane, m[i]);
		meta->flags &= (uint16_t)~PKT_F_OUT;
		m[kept++] = m[i];
	}
	return kept;
}
