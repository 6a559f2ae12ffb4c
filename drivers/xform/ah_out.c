/* SPDX-License-Identifier: BSD-2-Clause */
/* AH outbound: number, build, mask; hand the packet to an engine; unmask, count. */
#include <netinet/in.h>
#include <stdbool.h>

#include "xform/ah_priv.h"
#include "xform/seq_out.h"

/*
 * RFC 4302 3.3, for each run of packets of one SA:
 *  1. refuse what cannot be protected or has no room, before it costs a sequence number;
 *  2. take the sequence numbers of the whole run with one atomic addition;
 *  3. per packet: the IP header with its final lengths, the AH with a zero ICV; then the IP header is
 *     masked, for what the engine sees is what the peer will compute from what arrives;
 *  4. (engine: leaves the ICV in pkt_priv, for no engine has to cope with a result inside its input)
 *  5. per packet: the ICV in its place, the IP header as it was.
 */

/* What all packets of a call share. */
struct out_rules {
	struct tunnel_rules tunnel;
	struct ah_rules ah;
};

/*
 * Build one packet. Headers that cannot be masked cost a number, which is no harm: the peer's window
 * knows gaps. @return KEEP, or why it must go
 */
static inline enum drop_reason
out_one(const struct out_rules *rules, struct rte_mbuf *m, uint64_t seq, uint64_t ctr,
	struct cop *cop)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	const struct wrap_size size = { .gap = sa->esp_fixed, .id = (uint16_t)ctr };
	const uint32_t seq_be = rte_cpu_to_be_32((uint32_t)seq);
	const uint64_t iv_be = rte_cpu_to_be_64(ctr);
	struct wrap w;
	uint8_t *ah;

	if (unlikely(!wrap_find(m, &w)))
		return w.why;
	ah = wrap_out(&rules->tunnel, m, &w, &size);
	memset(ah, 0, sa->esp_fixed);
	ah[0] = w.next;
	ah[1] = ah_len_field(sa->esp_fixed);
	memcpy(ah + 4, &sa->spi_be, sizeof(sa->spi_be));
	if (likely((sa->opts & SA_RT_OLD) == 0))
		memcpy(ah + AH_SEQ_OFF, &seq_be, sizeof(seq_be));
	if (unlikely(ah_mask(rte_pktmbuf_mtod(m, uint8_t *), meta->l4_off, &rules->ah,
			     pkt_priv(m)->save) != 0))
		return DROP_SEC_HEAD;
	/* The IV goes into the packet when the tag is there, for it is zero while it is authenticated. */
	if (sa->iv_len > 0)
		ah_nonce(sa, cop, pkt_priv(m)->iv, (const uint8_t *)&iv_be);
	cop->icv = pkt_priv(m)->icv;
	ah_regions(sa, m, cop, seq);
	return KEEP;
}

/* @return how many of the n packets of one SA, which have room, are ready */
static uint16_t
out_run(struct lane *lane, const struct out_rules *rules, struct rte_mbuf **m, uint16_t n,
	struct cop *cop)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint64_t bytes = 0;
	struct seq_run run;
	uint16_t kept = 0;

	seq_take_run(lane, m, n, &run);
	for (uint16_t i = 0; i < run.n; i++) {
		const enum drop_reason why = out_one(
			rules, m[i], run.first + (uint64_t)i * run.step, run.ctr + i, &cop[kept]);

		if (unlikely(why != KEEP)) {
			drop(lane, m[i], why);
			continue;
		}
		bytes += wrap_len(pkt_meta(m[i]));
		m[kept++] = m[i];
	}
	seq_count(lane, sa, kept, bytes);
	return kept;
}

uint16_t
ah_out_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	struct out_rules rules;
	uint16_t kept = 0, run, left;

	tunnel_rules_init(&rules.tunnel, lane->knobs);
	ah_rules_init(&rules.ah, lane->knobs);
	for (uint16_t i = 0; i < n; i += run) {
		run = seq_out_run_len(lane, m + i, n - i, &left);
		if (likely(left > 0))
			left = out_run(lane, &rules, m + i, left, lane->cop + kept);
		seq_close_gap(m + kept, m + i, left);
		kept += left;
	}
	return kept;
}

/* Finish a packet whose ICV is there. */
static inline void
out_finish(struct rte_mbuf *m, bool spoil)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	const struct pkt_priv *priv = pkt_priv(m);
	uint8_t *icv = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off) + ah_fixed(sa);

	m->data_len = wrap_len(meta); /* without the high half of an extended number */
	m->pkt_len = m->data_len;
	ah_unmask(rte_pktmbuf_mtod(m, uint8_t *), meta->l4_off, priv->save);
	if (sa->iv_len > 0) {
		memcpy(icv, priv->iv + sizeof(sa->salt), AH_GMAC_IV);
		icv += AH_GMAC_IV;
	}
	if (likely(!spoil)) /* test_integrity: it stays zero, the payload is left alone */
		memcpy(icv, priv->icv, sa->icv_len);
}

uint16_t
ah_out_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	return seq_out_end(lane, m, n, out_finish);
}
