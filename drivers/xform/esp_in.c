/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP inbound: check, hand regions to an engine, verify, strip. */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>

#include "ipsec/ecn.h"
#include "ipsec/tunnel.h"
#include "wire/ip.h"
#include "xform/esp_priv.h"

/*
 * Tunnel mode (RFC 4303 3.4), for each run of packets of one SA:
 *  1. outer addresses, lengths; replay check of the run under one lock; crypto regions;
 *  2. (engine)
 *  3. verdict; replay check again and commit under one lock, for a burst may hold a number twice;
 *  4. per packet: trailer, inner length, ECN, strip.
 */

#define KEEP DROP_MAX /* verdict of a packet that stays */
static_assert(DROP_MAX <= UINT8_MAX, "verdicts are bytes");

/* The outer addresses must be the SA's own: a right SPI and key from elsewhere is not enough. */
static inline bool
is_from_peer(const struct sa_rt *sa, const struct pkt_meta *meta, const uint8_t *ip)
{
	const size_t off4 = offsetof(struct ip4, src), off6 = offsetof(struct ip6, src);

	if (meta->af != sa->outer_af)
		return false;
	if (sa->outer_af == AF_INET)
		return memcmp(ip + off4, sa->hdr + off4, 8) == 0;
	return memcmp(ip + off6, sa->hdr + off6, 32) == 0;
}

static inline enum drop_reason
in_shape_one(const struct sa_rt *sa, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int fixed = sa->esp_fixed;

	if (unlikely(!is_from_peer(sa, meta, rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off))))
		return DROP_SEC_SA_ADDR;
	if (unlikely(meta->l4_len < fixed + ESP_TRAILER_LEN))
		return DROP_SEC_SHORT;
	if (unlikely(((meta->l4_len - fixed) & (sa->blk - 1u)) != 0))
		return DROP_SEC_LENGTH;
	return KEEP;
}

static inline uint8_t
replay_verdict(int rc)
{
	if (likely(rc == 0))
		return KEEP;
	if (rc == -EINVAL)
		return DROP_SEC_SEQ_ZERO;
	return rc == -ERANGE ? DROP_SEC_REPLAY_OLD : DROP_SEC_REPLAY_DUP;
}

/* Find the full sequence number and check it. The caller holds the lock when there is a window. */
static inline uint8_t
check_seq(const struct sa_rt *sa, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	uint32_t lo_be;

	memcpy(&lo_be, rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off + 4), 4);
	meta->seq = rte_be_to_cpu_32(lo_be);
	if (sa->rp == NULL)
		return KEEP;
	if (sa->esn)
		meta->seq = replay_esn_guess(sa->rp, (uint32_t)meta->seq);
	return replay_verdict(replay_check(sa->rp, meta->seq));
}

/* Check once more and mark: another worker, or this burst, may have had the number meanwhile. */
static inline uint8_t
commit_seq(struct sa_rt *sa, uint64_t seq)
{
	const uint8_t verdict = replay_verdict(replay_check(sa->rp, seq));

	if (likely(verdict == KEEP))
		replay_commit(sa->rp, seq);
	return verdict;
}

/* Drop, and tell the SA's row what the operator wants to know. */
static void
in_drop(struct lane *lane, struct rte_mbuf *m, enum drop_reason reason)
{
	struct sa_lc *lc = &pkt_meta(m)->sa->lc[lane->idx];

	lc->replayed += reason == DROP_SEC_REPLAY_OLD || reason == DROP_SEC_REPLAY_DUP ||
		reason == DROP_SEC_SEQ_ZERO;
	lc->auth_fail += reason == DROP_SEC_AUTH;
	lc->bad_pad += reason == DROP_SEC_PAD;
	lc->malformed += reason == DROP_SEC_SHORT || reason == DROP_SEC_LENGTH ||
		reason == DROP_SEC_NEXT || reason == DROP_SEC_INNER;
	drop(lane, m, reason);
}

static inline void
in_regions(const struct sa_rt *sa, struct rte_mbuf *m, struct cop *cop)
{
	struct pkt_meta *meta = pkt_meta(m);
	uint8_t *esp = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off);
	const uint8_t *iv = esp + ESP_HDR_LEN;

	meta->flags &= (uint16_t) ~(PKT_F_OUT | PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR);
	cop->text = esp + ESP_HDR_LEN + sa->iv_len;
	cop->text_len = text_len(sa, meta);
	cop->icv = cop->text + cop->text_len;
	if (sa->cls == ALG_CLASS_GCM) {
		memcpy(cop->iv, sa->salt, sizeof(sa->salt));
		memcpy(cop->iv + sizeof(sa->salt), iv, 8);
		put_aad(sa, cop, esp, meta->seq);
		return;
	}
	if (sa->cls == ALG_CLASS_CBC)
		copy_iv(cop->iv, iv, sa->iv_len);
	cop->aad = esp;
	cop->auth_len = ESP_HDR_LEN + sa->iv_len + cop->text_len;
	if (sa->esn) {
		memcpy(cop->tag, cop->icv, sa->icv_len);
		put_esn(cop, cop->icv, meta->seq);
		cop->icv = cop->tag;
	}
}

/* Verdicts of the run of packets that have the SA of the first one. @return its length */
static uint16_t
in_check_run(struct rte_mbuf **m, uint16_t n, uint8_t *verdict)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint16_t i;

	if (sa->rp != NULL)
		rte_spinlock_lock(&sa->lock);
	for (i = 0; i < n && pkt_meta(m[i])->sa == sa; i++) {
		verdict[i] = (uint8_t)in_shape_one(sa, m[i]);
		if (likely(verdict[i] == KEEP))
			verdict[i] = check_seq(sa, m[i]);
	}
	if (sa->rp != NULL)
		rte_spinlock_unlock(&sa->lock);
	return i;
}

uint16_t
esp_in_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint8_t verdict[PVEC_MAX];
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n;)
		i += in_check_run(m + i, n - i, verdict + i);
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(verdict[i] != KEEP)) {
			in_drop(lane, m[i], verdict[i]);
			continue;
		}
		in_regions(pkt_meta(m[i])->sa, m[i], &lane->cop[kept]);
		m[kept++] = m[i];
	}
	return kept;
}

static inline uint8_t
crypto_verdict(const struct pkt_meta *meta)
{
	if (likely((meta->flags & (PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR)) == 0))
		return KEEP;
	return meta->flags & PKT_F_CRYPTO_ERR ? DROP_CRYPTO_ERROR : DROP_SEC_AUTH;
}

/* Take a verified packet out of its tunnel. @return KEEP or why it must go */
static inline enum drop_reason
in_strip(const struct tunnel_rules *rules, const struct sa_rt *sa, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	uint8_t *inner =
		rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off + ESP_HDR_LEN + sa->iv_len);
	const uint8_t outer_tos = tunnel_tos(ip, sa->outer_af == AF_INET6);
	struct esp_payload payload;
	unsigned int v6, len;

	if (unlikely(!esp_trailer_get(inner, text_len(sa, meta), &payload)))
		return DROP_SEC_PAD;
	if (unlikely(payload.next == IPPROTO_NONE))
		return DROP_SEC_DUMMY;
	v6 = payload.next == IPPROTO_IPV6 ? KNOBS_V6 : KNOBS_V4;
	if (unlikely((!v6 && payload.next != IPPROTO_IPIP) || payload.len == 0 ||
		    inner[0] >> 4 != (v6 ? 6 : 4)))
		return DROP_SEC_NEXT;
	len = tunnel_inner_len(inner, payload.len, v6);
	if (unlikely(len == 0))
		return DROP_SEC_INNER;
	if (unlikely(meta->depth >= NEST_MAX))
		return DROP_SEC_NEST;
	if (unlikely((outer_tos & 3) != 0 && rules->ecn_in[v6] &&
		    !tunnel_ecn_decap(inner, v6, outer_tos)))
		return DROP_SEC_ECN;
	m->data_off = (uint16_t)(inner - (uint8_t *)m->buf_addr);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	meta->l3_off = 0;
	meta->l4_off = 0;
	meta->l4_len = (uint16_t)len;
	pkt_set_proto(meta, v6 ? AF_INET6 : AF_INET, payload.next);
	meta->flags |= PKT_F_TUNNEL;
	meta->depth++;
	return KEEP;
}

/* Commit the numbers of what the engine verified, run by run. @return length of the run */
static uint16_t
in_commit_run(struct rte_mbuf **m, uint16_t n, uint8_t *verdict)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint16_t i;

	if (sa->rp != NULL)
		rte_spinlock_lock(&sa->lock);
	for (i = 0; i < n && pkt_meta(m[i])->sa == sa; i++) {
		verdict[i] = crypto_verdict(pkt_meta(m[i]));
		if (likely(verdict[i] == KEEP) && sa->rp != NULL)
			verdict[i] = commit_seq(sa, pkt_meta(m[i])->seq);
	}
	if (sa->rp != NULL)
		rte_spinlock_unlock(&sa->lock);
	return i;
}

uint16_t
esp_in_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint8_t verdict[PVEC_MAX];
	struct tunnel_rules rules;
	struct sa_rt *sa = n > 0 ? pkt_meta(m[0])->sa : NULL;
	uint64_t bytes = 0;
	uint16_t kept = 0, pkts = 0;

	tunnel_rules_init(&rules, lane->knobs);
	for (uint16_t i = 0; i < n;)
		i += in_commit_run(m + i, n - i, verdict + i);
	for (uint16_t i = 0; i < n; i++) {
		const struct pkt_meta *meta = pkt_meta(m[i]);

		if (meta->sa != sa) {
			count(lane, sa, pkts, bytes);
			sa = meta->sa;
			pkts = 0;
			bytes = 0;
		}
		if (likely(verdict[i] == KEEP)) {
			pkts++;
			bytes += text_len(sa, meta);
			verdict[i] = (uint8_t)in_strip(&rules, sa, m[i]);
		}
		if (likely(verdict[i] == KEEP))
			m[kept++] = m[i];
		else
			in_drop(lane, m[i], verdict[i]);
	}
	if (pkts > 0)
		count(lane, sa, pkts, bytes);
	return kept;
}
