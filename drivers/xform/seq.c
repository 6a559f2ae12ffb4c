/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/random.h>

#include <rte_malloc.h>

#include "base/secret.h"
#include "crypto/crypto.h"
#include "xform/seq_in.h"
#include "xform/seq_out.h"

/*
 * A worker adds to sa->seq only when it saw a number below the limit, and then at most PVEC_MAX. So
 * the counter can pass the limit by this much and no more: with ESN it never wraps.
 */
#define SEQ_OVERSHOOT ((uint64_t)WORKER_MAX * PVEC_MAX)

int
seq_sa_init(struct sa_rt *sa, const struct sa_spec *spec, struct err *err)
{
	sa->esn = (spec->flags & SA_F_ESN) != 0;
	atomic_init(&sa->seq, 0);
	sa->seq_limit = sa->esn ? UINT64_MAX - SEQ_OVERSHOOT : UINT32_MAX;
	rte_spinlock_init(&sa->lock);
	sa->rp = NULL;
	if (getrandom(&sa->iv_base, sizeof(sa->iv_base), 0) != (ssize_t)sizeof(sa->iv_base))
		return err_set(err, -EIO, "no random bytes from the kernel");
	/* ESN needs the highest number seen even when nothing is refused (RFC 4303 A2). */
	if (!sa->auth || (sa->opts & SA_RT_OLD) != 0 || (spec->window_pkts == 0 && !sa->esn))
		return 0;
	sa->rp = rte_zmalloc("replay", replay_size(spec->window_pkts), RTE_CACHE_LINE_SIZE);
	if (sa->rp == NULL)
		return err_set(err, -ENOMEM, "no memory for an anti-replay window of %u packets",
			spec->window_pkts);
	replay_init(sa->rp, spec->window_pkts);
	return 0;
}

void
seq_sa_fini(struct sa_rt *sa)
{
	rte_free(sa->rp);
	sa->rp = NULL;
	secret_wipe_mem(&sa->iv_base, sizeof(sa->iv_base));
}

void
seq_take_replay(struct lane *lane, struct sa_rt *sa, uint16_t n, struct seq_run *run)
{
	uint8_t random[16];

	run->n = n;
	run->step = 0;
	run->first = atomic_load_explicit(&sa->seq, memory_order_relaxed);
	if (run->first == 0 && seq_take(sa, 1, &run->first) == 0)
		run->n = 0;
	if (run->first > sa->seq_limit)
		run->first = sa->seq_limit;
	/* The number comes again but the counter of an IV must not, not even in a test. */
	crypto_random_iv(lane, random);
	memcpy(&run->ctr, random, sizeof(run->ctr));
}

bool
seq_is_from_nat(const struct sa_rt *sa, const struct pkt_meta *meta, const uint8_t *ip)
{
	if ((sa->opts & SA_RT_NATT) == 0 || (meta->flags & PKT_F_UDP) == 0)
		return false;
	if (meta->af == AF_INET)
		return memcmp(ip + offsetof(struct ip4, dst), sa->hdr + offsetof(struct ip4, dst),
			       4) == 0;
	return memcmp(ip + offsetof(struct ip6, dst), sa->hdr + offsetof(struct ip6, dst), 16) == 0;
}

void
seq_note_mapping(struct lane *lane, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	const bool v4 = meta->af == AF_INET;
	const size_t off = v4 ? offsetof(struct ip4, src) : offsetof(struct ip6, src);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	const uint8_t *udp = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off) - 8;
	rte_be16_t port_be;

	/* Who can write without a key could move the mapping to himself (RFC 3948 5.1). */
	if (!sa->auth || (meta->flags & PKT_F_UDP) == 0)
		return;
	if (memcmp(ip + off, sa->hdr + off, v4 ? 4 : 16) == 0 &&
		memcmp(udp, sa->hdr + (v4 ? sizeof(struct ip4) : sizeof(struct ip6)),
			sizeof(port_be)) == 0)
		return;
	memcpy(&port_be, udp, sizeof(port_be));
	audit_mapping(lane, sa, ip + off, port_be);
}

void
seq_in_drop(struct lane *lane, struct rte_mbuf *m, enum drop_reason reason)
{
	struct sa_lc *lc = &pkt_meta(m)->sa->lc[lane->idx];

	lc->replayed += reason == DROP_SEC_REPLAY_OLD || reason == DROP_SEC_REPLAY_DUP ||
		reason == DROP_SEC_SEQ_ZERO;
	lc->auth_fail += reason == DROP_SEC_AUTH;
	lc->bad_pad += reason == DROP_SEC_PAD;
	lc->addr_mismatch += reason == DROP_SEC_SA_ADDR;
	lc->malformed += reason == DROP_SEC_SHORT || reason == DROP_SEC_LENGTH ||
		reason == DROP_SEC_NEXT || reason == DROP_SEC_INNER || reason == DROP_IP_EXTHDR ||
		reason == DROP_SEC_HEAD || reason == DROP_SEC_ICV_LEN;
	drop(lane, m, reason);
}
