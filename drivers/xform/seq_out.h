/* SPDX-License-Identifier: BSD-2-Clause */
/* What AH and ESP share outbound: sequence numbers, room, runs of one SA, the engine's verdict. Inline. */
/* Private to drivers/xform; workers. */
#ifndef XFORM_SEQ_OUT_H
#define XFORM_SEQ_OUT_H

#include "xform/seq.h"

#define L2_ROOM 18u /* Ethernet and VLAN header that tx puts before the outer IP header */

/** Numbers for a run of packets: packet i has first + i * step. */
struct seq_run {
	uint64_t first;
	uint64_t ctr; /* ctr + i never comes again with this key: IVs, IPv4 identification */
	uint32_t step; /* 1; 0 when test_replay asks for replays */
	uint16_t n; /* packets that got one */
};

/** Numbers under test_replay: the last one again, with a counter that is still new. */
void
seq_take_replay(struct lane *lane, struct sa_rt *sa, uint16_t n, struct seq_run *run);

/** Take up to n sequence numbers. @return how many are below the limit; *first is the first one */
static inline uint16_t
seq_take(struct sa_rt *sa, uint16_t n, uint64_t *first)
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

static inline void
seq_drop_all(struct lane *lane, struct rte_mbuf **m, uint16_t n, enum drop_reason reason)
{
	for (uint16_t i = 0; i < n; i++)
		drop(lane, m[i], reason);
}

/**
 * Give the n packets of one SA their numbers. Those that get none, all if the SA is dead, are dropped: the
 * first run->n stay.
 */
static inline void
seq_take_run(struct lane *lane, struct rte_mbuf **m, uint16_t n, struct seq_run *run)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;

	*run = (struct seq_run){ .step = 1 };
	if (unlikely(atomic_load_explicit(&sa->state, memory_order_relaxed) == SA_DEAD)) {
		seq_drop_all(lane, m, n, DROP_OUT_SA_STATE);
		return;
	}
	/* Where the number is the nonce, to repeat it would give the key away (RFC 8750 4). */
	if (unlikely(lane->knobs->test_replay != 0 && (sa->opts & SA_RT_IIV) == 0)) {
		seq_take_replay(lane, sa, n, run);
	} else {
		run->n = seq_take(sa, n, &run->first);
		run->ctr = sa->iv_base + run->first;
	}
	if (unlikely(run->n < n)) {
		sa->lc[lane->idx].seq_overflow += n - run->n;
		seq_drop_all(lane, m + run->n, n - run->n, DROP_OUT_SEQ);
	}
}

/** The buffer must take header and worst-case trailer; it also bounds the outer length. */
static inline bool
seq_has_room(const struct sa_rt *sa, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int start = (unsigned int)m->data_off + meta->l3_off;

	return start >= (unsigned int)sa->hdr_len + sa->iv_len + L2_ROOM &&
		start + wrap_len(meta) + sa->tail <= m->buf_len;
}

/**
 * Walk the run of packets that have the SA of the first one; close up at its front what can grow.
 * @return length of the run; *kept of them stay
 */
static inline uint16_t
seq_out_run_len(struct lane *lane, struct rte_mbuf **m, uint16_t n, uint16_t *kept)
{
	const struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint16_t i, k = 0;

	for (i = 0; i < n && pkt_meta(m[i])->sa == sa; i++) {
		if (likely(seq_has_room(sa, m[i])))
			m[k++] = m[i];
		else
			drop(lane, m[i], DROP_OUT_NO_ROOM);
	}
	*kept = k;
	return i;
}

/** Close the gap that drops left between the packets kept so far and a run. */
static inline void
seq_close_gap(struct rte_mbuf **to, struct rte_mbuf **from, uint16_t n)
{
	if (to != from)
		memmove(to, from, n * sizeof(*to));
}

/**
 * Keep what the engine could do; finish() completes a packet whose ICV is there, or, as test_integrity
 * asks with spoil, makes it one that does not verify. Always inline, or finish() would be a call.
 * @return how many of the n packets are kept
 */
static __rte_always_inline uint16_t
seq_out_end(struct lane *lane, struct rte_mbuf **m, uint16_t n,
	void (*finish)(struct rte_mbuf *m, bool spoil))
{
	const bool spoil = lane->knobs->test_integrity != 0;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);

		if (unlikely(meta->flags & (PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR))) {
			drop(lane, m[i], DROP_CRYPTO_ERROR);
			continue;
		}
		finish(m[i], spoil);
		meta->flags &= (uint16_t)~PKT_F_OUT;
		m[kept++] = m[i];
	}
	return kept;
}

#endif
