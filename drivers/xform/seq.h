/* SPDX-License-Identifier: BSD-2-Clause */
/* What AH and ESP share: sequence numbers both ways, verdicts, counters of the SA. Inline. */
/* Private to drivers/xform; workers, but for seq_sa_init() and seq_sa_fini(). */
#ifndef XFORM_SEQ_H
#define XFORM_SEQ_H

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipsec/sa.h"
#include "pkt/lane.h"
#include "pkt/sa_rt.h"
#include "wire/ip.h"
#include "xform/wrap.h"

#define L2_ROOM 18u /* Ethernet and VLAN header that tx puts before the outer IP header */
#define KEEP    DROP_MAX /* verdict of a packet that stays */
static_assert(DROP_MAX <= UINT8_MAX, "verdicts are bytes");
static_assert(SA_RT_NATT == PKT_F_UDP, "one test tells UDP of the SA and of the packet");

/**
 * Control: set esn, iv_base, seq, seq_limit, lock and the anti-replay window. sa->auth must be set: without
 * integrity anybody could move the window, so that there is none (RFC 4303 2.2).
 * @return 0; -EIO no random bytes; -ENOMEM
 */
int
seq_sa_init(struct sa_rt *sa, const struct sa_spec *spec, struct err *err);
void
seq_sa_fini(struct sa_rt *sa);

/* RFC 4301 4.4.2.1: the byte lifetime counts what the algorithm was applied to. */
static inline void
seq_count(const struct lane *lane, struct sa_rt *sa, uint16_t pkts, uint64_t bytes)
{
	struct sa_lc *lc = &sa->lc[lane->idx];

	lc->pkts += pkts;
	lc->bytes += bytes;
	lc->last_tsc = lane->now_tsc;
}

/** A verified packet of a NAT-T SA: post an event when it came from elsewhere than the SA says. */
void
seq_note_mapping(struct lane *lane, struct rte_mbuf *m);

/** Drop, and tell the SA's row what the operator wants to know. */
void
seq_in_drop(struct lane *lane, struct rte_mbuf *m, enum drop_reason reason);

/* ---- outbound ---- */

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

#endif
