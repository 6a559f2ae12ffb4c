/* SPDX-License-Identifier: BSD-2-Clause */
/* What AH and ESP share inbound: is it from the peer, is it a replay, what did the engine say. Inline. */
/* Private to drivers/xform; workers only. */
#ifndef XFORM_SEQ_IN_H
#define XFORM_SEQ_IN_H

#include "xform/seq.h"

/** The same behind a NAT: the source may change (RFC 3948 1), but in UDP is in UDP. */
bool
seq_is_from_nat(const struct sa_rt *sa, const struct pkt_meta *meta, const uint8_t *ip);

/** The outer addresses must be the SA's own: a right SPI and key from elsewhere is not enough. */
static inline bool
seq_is_from_peer(const struct sa_rt *sa, const struct pkt_meta *meta, const uint8_t *ip)
{
	const size_t off4 = offsetof(struct ip4, src), off6 = offsetof(struct ip6, src);

	if (meta->af != sa->outer_af)
		return false;
	if (unlikely(((sa->opts | meta->flags) & PKT_F_UDP) != 0))
		return seq_is_from_nat(sa, meta, ip);
	if (sa->outer_af == AF_INET)
		return memcmp(ip + off4, sa->hdr + off4, 8) == 0;
	return memcmp(ip + off6, sa->hdr + off6, 32) == 0;
}

static inline uint8_t
seq_replay_verdict(int rc)
{
	if (likely(rc == 0))
		return KEEP;
	if (rc == -EINVAL)
		return DROP_SEC_SEQ_ZERO;
	return rc == -ERANGE ? DROP_SEC_REPLAY_OLD : DROP_SEC_REPLAY_DUP;
}

/** Find the full sequence number, off bytes behind l4_off, and check it, under the lock. */
static inline uint8_t
seq_check(const struct sa_rt *sa, struct rte_mbuf *m, unsigned int off)
{
	struct pkt_meta *meta = pkt_meta(m);
	uint32_t lo_be;

	memcpy(&lo_be, rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off + off), 4);
	meta->seq = rte_be_to_cpu_32(lo_be);
	if (sa->rp == NULL)
		return KEEP;
	if (sa->esn)
		meta->seq = replay_esn_guess(sa->rp, (uint32_t)meta->seq);
	return seq_replay_verdict(replay_check(sa->rp, meta->seq));
}

/** What a transform checks of one packet before its number is looked at. @return KEEP or a reason */
typedef enum drop_reason (*seq_shape_fn)(const struct sa_rt *sa, struct rte_mbuf *m);

/**
 * Verdicts of the run of packets that have the SA of the first one: shape, then number, of the whole run
 * under one lock. With constant shape and off all is inline.
 * @param off  bytes from l4_off to the sequence number
 * @return length of the run
 */
static __rte_always_inline uint16_t
seq_check_run(
	struct rte_mbuf **m, uint16_t n, uint8_t *verdict, seq_shape_fn shape, unsigned int off)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint16_t i;

	if (sa->rp != NULL)
		rte_spinlock_lock(&sa->lock);
	for (i = 0; i < n && pkt_meta(m[i])->sa == sa; i++) {
		verdict[i] = (uint8_t)shape(sa, m[i]);
		if (likely(verdict[i] == KEEP))
			verdict[i] = seq_check(sa, m[i], off);
	}
	if (sa->rp != NULL)
		rte_spinlock_unlock(&sa->lock);
	return i;
}

/** What the engine said. */
static inline uint8_t
seq_crypto_verdict(const struct pkt_meta *meta)
{
	if (likely((meta->flags & (PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR)) == 0))
		return KEEP;
	return meta->flags & PKT_F_CRYPTO_ERR ? DROP_CRYPTO_ERROR : DROP_SEC_AUTH;
}

/**
 * Commit the numbers of what the engine verified. They are checked once more, because another worker, or
 * this burst, may have had the number meanwhile.
 * @return length of the run of packets that have the SA of the first one
 */
static inline uint16_t
seq_commit_run(struct rte_mbuf **m, uint16_t n, uint8_t *verdict)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint16_t i;

	if (sa->rp != NULL)
		rte_spinlock_lock(&sa->lock);
	for (i = 0; i < n && pkt_meta(m[i])->sa == sa; i++) {
		verdict[i] = seq_crypto_verdict(pkt_meta(m[i]));
		if (unlikely(verdict[i] != KEEP) || sa->rp == NULL)
			continue;
		verdict[i] = seq_replay_verdict(replay_check(sa->rp, pkt_meta(m[i])->seq));
		if (likely(verdict[i] == KEEP))
			replay_commit(sa->rp, pkt_meta(m[i])->seq);
	}
	if (sa->rp != NULL)
		rte_spinlock_unlock(&sa->lock);
	return i;
}

/** Open one verified packet; *bytes is what the SA's byte count grows by. @return KEEP or a reason */
typedef enum drop_reason (*seq_open_fn)(
	const struct tunnel_rules *rules, struct rte_mbuf *m, uint64_t *bytes);

/** in_end of a transform: verdicts, numbers, then open() for what is good, counters. @return kept */
static __rte_always_inline uint16_t
seq_in_end(struct lane *lane, struct rte_mbuf **m, uint16_t n, seq_open_fn open)
{
	uint8_t verdict[PVEC_MAX];
	struct tunnel_rules rules;
	struct sa_rt *sa = n > 0 ? pkt_meta(m[0])->sa : NULL;
	uint64_t bytes = 0;
	uint16_t kept = 0, pkts = 0;

	tunnel_rules_init(&rules, lane->knobs);
	for (uint16_t i = 0; i < n;)
		i += seq_commit_run(m + i, n - i, verdict + i);
	for (uint16_t i = 0; i < n; i++) {
		if (pkt_meta(m[i])->sa != sa) {
			seq_count(lane, sa, pkts, bytes);
			sa = pkt_meta(m[i])->sa;
			pkts = 0;
			bytes = 0;
		}
		if (likely(verdict[i] == KEEP)) {
			pkts++;
			if (unlikely((sa->opts & SA_RT_NATT) != 0))
				seq_note_mapping(lane, m[i]);
			verdict[i] = (uint8_t)open(&rules, m[i], &bytes);
		}
		if (likely(verdict[i] == KEEP))
			m[kept++] = m[i];
		else
			seq_in_drop(lane, m[i], verdict[i]);
	}
	if (pkts > 0)
		seq_count(lane, sa, pkts, bytes);
	return kept;
}

#endif
