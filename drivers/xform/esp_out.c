/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP outbound: number, build, pad; hand regions to an engine; count. */
#include <netinet/in.h>

#include "crypto/crypto.h"
#include "xform/esp_priv.h"
#include "xform/seq_out.h"
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
static __rte_noinline void
out_regions_other(struct lane *lane, const struct sa_rt *sa, struct cop *cop, uint8_t *esp,
	const struct out_num num)
{
	const uint64_t iv_be = rte_cpu_to_be_64((sa->opts & SA_RT_IIV) != 0 ? num.seq : num.ctr);
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
		put_aad(sa, cop, esp, num.seq);
		if (sa->cls == ALG_CLASS_GMAC)
			put_gmac_text(sa, cop);
		return;
	}
	cop->aad = esp;
	cop->auth_len = sa->auth ? ESP_HDR_LEN + sa->iv_len + cop->text_len : 0;
	if (sa->esn)
		put_esn(cop, cop->icv, num.seq);
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
	out_regions_other(lane, sa, cop, esp, *num);
}

/* Padding of all kinds, and before it what hides the length. @return bytes from the payload on */
static __rte_noinline unsigned int
trailer_other(struct lane *lane, const struct sa_rt *sa, const struct wrap w)
{
	unsigned int len = w.payload_len, pad;
	uint8_t random[16];

	if (w.head_len == 0 && sa->tfc_len > len) {
		memset(w.payload + len, 0, sa->tfc_len - len);
		len = sa->tfc_len;
	}
	pad = esp_pad_len(len, sa->blk);
	esp_trailer_put(w.payload + len, pad, w.next);
	if (sa->opts & SA_RT_PAD_ZERO)
		memset(w.payload + len, 0, pad);
	if (sa->opts & SA_RT_PAD_RAND) {
		crypto_random_iv(lane, random);
		memcpy(w.payload + len, random, pad); /* at most ESP_BLK_MAX - 1 */
	}
	return len + pad + ESP_TRAILER_LEN;
}

/* A batch: what every packet of it shares. */
struct out_batch {
	struct lane *lane;
	struct tunnel_rules rules;
};

/* Padding and trailer behind what is protected; how much is in front and behind. */
static __rte_always_inline void
out_trailer(struct lane *lane, const struct sa_rt *sa, const struct wrap *w, struct cop *cop,
	struct wrap_size *size)
{
	const unsigned int len = w->payload_len, pad = esp_pad_len(len, sa->blk);

	cop->text = w->payload;
	if (likely((sa->opts & (SA_RT_PAD_RAND | SA_RT_PAD_ZERO | SA_RT_TFC)) == 0)) {
		cop->text_len = len + pad + ESP_TRAILER_LEN;
		esp_trailer_put(w->payload + len, pad, w->next);
	} else {
		cop->text_len = trailer_other(lane, sa, *w);
	}
	size->gap = (uint16_t)(ESP_HDR_LEN + sa->iv_len);
	size->behind = (uint16_t)(cop->text_len - len + sa->icv_len);
}

/* The ESP header in the gap, and what the engine has to do. */
static __rte_always_inline void
out_header(struct lane *lane, const struct sa_rt *sa, struct cop *cop, uint8_t *esp,
	const struct out_num *num)
{
	const uint32_t seq_be = rte_cpu_to_be_32((uint32_t)num->seq);

	memcpy(esp, &sa->spi_be, sizeof(sa->spi_be));
	memcpy(esp + sizeof(sa->spi_be), &seq_be, sizeof(seq_be));
	out_regions(lane, sa, cop, esp, num);
}

static __rte_noinline void
out_transport(struct lane *lane, struct rte_mbuf *m, const struct out_num num, struct cop *cop)
{
	const struct sa_rt *sa = pkt_meta(m)->sa;
	struct tunnel_rules rules;
	struct wrap_size size;
	struct wrap w;

	tunnel_rules_init(&rules, lane->knobs);
	(void)wrap_find(m, &w); /* out_fits() knows that it is well */
	out_trailer(lane, sa, &w, cop, &size);
	size.id = (uint16_t)num.ctr;
	out_header(lane, sa, cop, wrap_out(&rules, m, &w, &size), &num);
}

/* Tunnels are inline, and nothing of theirs escapes to a function: it would be out of the registers. */
static inline void
out_one(struct out_batch *b, struct rte_mbuf *m, const struct out_num *num, struct cop *cop)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	struct wrap_size size;
	struct wrap w;

	if (unlikely(sa->mode != MODE_TUNNEL && (meta->flags & PKT_F_TRANSPORT) != 0)) {
		out_transport(b->lane, m, *num, cop);
		return;
	}
	w = (struct wrap){ .payload = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off),
		.payload_len = wrap_len(meta),
		.next = meta->af == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IPIP };
	out_trailer(b->lane, sa, &w, cop, &size);
	size.id = (uint16_t)num->ctr;
	out_header(b->lane, sa, cop, wrap_tunnel_out(&b->rules, m, &w, &size), num);
}

/* What only some SAs refuse, before it costs a number. @return DROP_MAX or a reason */
static enum drop_reason
out_check(const struct sa_rt *sa, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct wrap w;

	if (sa->mode != MODE_TUNNEL && (meta->flags & PKT_F_TRANSPORT) != 0)
		return wrap_find(m, &w) ? DROP_MAX : (enum drop_reason)w.why;
	if (m->data_off + meta->l3_off + sa->tfc_len + sa->tail > m->buf_len)
		return DROP_OUT_NO_ROOM;
	return DROP_MAX;
}

static __rte_noinline uint16_t
out_fits(struct lane *lane, const struct sa_rt *sa, struct rte_mbuf **m, uint16_t n)
{
	enum drop_reason why;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		why = out_check(sa, m[i]);
		if (why == DROP_MAX)
			m[kept++] = m[i];
		else
			drop(lane, m[i], why);
	}
	return kept;
}

static inline uint16_t
out_run(struct out_batch *b, struct rte_mbuf **m, uint16_t n, struct cop *cop)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;
	struct seq_run run, first; /* a copy whose address nobody has stays in registers */
	uint64_t bytes = 0;

	if (unlikely(sa->mode != MODE_TUNNEL || (sa->opts & SA_RT_TFC) != 0)) {
		n = out_fits(b->lane, sa, m, n);
		if (n == 0)
			return 0;
	}
	seq_take_run(b->lane, m, n, &run);
	first = run;
	for (uint16_t i = 0; i < first.n; i++) {
		const struct out_num num = { .seq = first.first + (uint64_t)first.step * i,
			.ctr = first.ctr + i };

		out_one(b, m[i], &num, &cop[i]);
		bytes += cop[i].text_len;
	}
	seq_count(b->lane, sa, first.n, bytes);
	return first.n;
}

uint16_t
esp_out_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	struct out_batch batch = { .lane = lane };
	uint16_t kept = 0, run, left;

	tunnel_rules_init(&batch.rules, lane->knobs);
	for (uint16_t i = 0; i < n; i += run) {
		run = seq_out_run_len(lane, m + i, n - i, &left);
		if (likely(left > 0))
			left = out_run(&batch, m + i, left, lane->cop + kept);
		seq_close_gap(m + kept, m + i, left);
		kept += left;
	}
	return kept;
}

/* What can be done only when the ICV is there, and few packets need. */
static __rte_noinline void
out_finish_other(struct rte_mbuf *m, bool spoil)
{
	struct pkt_meta *meta = pkt_meta(m);
	const unsigned int icv_len = meta->sa->icv_len;

	if (spoil)
		memset(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - icv_len), 0, icv_len);
	if ((meta->flags & PKT_F_UDP) != 0 && meta->af == AF_INET6)
		wrap_udp_csum(m);
	meta->flags &= (uint16_t)~PKT_F_UDP;
}

static inline void
out_finish(struct rte_mbuf *m, bool spoil)
{
	if (unlikely((pkt_meta(m)->flags & PKT_F_UDP) != 0 || spoil))
		out_finish_other(m, spoil);
}

uint16_t
esp_out_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	return seq_out_end(lane, m, n, out_finish);
}
