/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/esp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

#include <rte_byteorder.h>
#include <rte_malloc.h>

#include "base/secret.h"
#include "crypto/crypto.h"
#include "ipsec/ecn.h"
#include "ipsec/tunnel.h"
#include "wire/ip.h"
#include "xform/xform.h"

/*
 * Tunnel mode, outbound (RFC 4303 3.3), for each run of packets of one SA:
 *  1. refuse what has no room, before it costs a sequence number;
 *  2. take the sequence numbers of the whole run with one atomic addition;
 *  3. per packet: padding behind, outer header, SPI, number and IV in front, crypto regions.
 * Inbound (3.4), again by runs:
 *  1. outer addresses, lengths; replay check of the run under one lock; crypto regions;
 *  2. (engine)
 *  3. verdict; replay check again and commit under one lock, for a burst may hold a number twice;
 *  4. per packet: trailer, inner length, ECN, history, strip.
 */

#define L2_ROOM 18u /* Ethernet and VLAN header that tx puts before the outer IP header */

/*
 * A worker adds to sa->seq only when it saw a number below the limit, and then at most PVEC_MAX. So
 * the counter can pass the limit by this much and no more: with ESN it never wraps.
 */
#define SEQ_OVERSHOOT ((uint64_t)WORKER_MAX * PVEC_MAX)

#define KEEP DROP_MAX /* verdict of a packet that stays */
static_assert(DROP_MAX <= UINT8_MAX, "verdicts are bytes");

/* ---- control ---- */

static int
check_spec(const struct sa_spec *spec, struct err *err)
{
	const struct alg *enc = spec->enc, *auth = spec->auth;

	if (spec->idx.mode == MODE_TRANSPORT)
		return err_set(err, -EOPNOTSUPP,
			"ESP transport mode comes with the next issue: use tunnel");
	if (spec->natt_type != 0)
		return err_set(err, -EOPNOTSUPP, "UDP encapsulation of ESP is not supported yet");
	if (spec->idx.src.af != spec->idx.dst.af ||
		(spec->idx.src.af != AF_INET && spec->idx.src.af != AF_INET6))
		return err_set(err, -EINVAL, "tunnel end points must be of one address family");
	if (spec->window_pkts > SA_WINDOW_MAX)
		return err_set(err, -EINVAL, "anti-replay window larger than %u", SA_WINDOW_MAX);
	if (enc == NULL)
		return err_set(err, -EINVAL, "ESP needs an encryption algorithm");
	if (enc->block > ESP_BLK_MAX || enc->iv_len > 16 ||
		(enc->cls != ALG_CLASS_GCM && enc->cls != ALG_CLASS_CBC &&
			enc->cls != ALG_CLASS_NULL))
		return err_set(err, -EOPNOTSUPP, "ESP with %s is not supported yet", enc->name);
	if (enc->cls == ALG_CLASS_GCM)
		return spec->enckey.len > enc->salt_len ?
			0 :
			err_set(err, -EINVAL, "key of %s too short for its salt", enc->name);
	if (auth == NULL || auth->cls == ALG_CLASS_NULL || auth->icv_len < 4 ||
		auth->icv_len > ESP_ICV_MAX)
		return err_set(
			err, -EINVAL, "ESP with %s needs an authentication algorithm", enc->name);
	return 0;
}

/* SPI and address constants of the outer header; see tunnel_template4() for its checksum field. */
static void
make_template(struct sa_rt *sa, const struct sa_spec *spec)
{
	const struct addr *src = &spec->idx.src, *dst = &spec->idx.dst;
	unsigned int ip_len;

	sa->outer_af = src->af;
	memset(sa->hdr, 0, sizeof(sa->hdr));
	if (src->af == AF_INET) {
		ip_len = sizeof(struct ip4);
		tunnel_template4(sa->hdr, src->b, dst->b, IPPROTO_ESP);
	} else {
		ip_len = sizeof(struct ip6);
		tunnel_template6(sa->hdr, src->b, dst->b, IPPROTO_ESP);
	}
	sa->spi_be = rte_cpu_to_be_32(spec->spi);
	memcpy(sa->hdr + ip_len, &sa->spi_be, sizeof(sa->spi_be));
	sa->hdr_len = (uint8_t)(ip_len + ESP_HDR_LEN);
}

static void
esp_sa_fini(struct sa_rt *sa)
{
	rte_free(sa->rp);
	sa->rp = NULL;
	secret_wipe_mem(sa->salt, sizeof(sa->salt));
	secret_wipe_mem(&sa->iv_base, sizeof(sa->iv_base));
}

static int
esp_sa_init(
	struct sa_rt *sa, const struct sa_spec *spec, const struct knobs *knobs, struct err *err)
{
	const struct alg *enc = spec->enc;
	bool gcm;
	unsigned int tail;
	int rc = check_spec(spec, err);

	(void)knobs; /* read per step, so that a change reaches SAs that exist */
	if (rc != 0)
		return rc;
	gcm = enc->cls == ALG_CLASS_GCM;
	sa->xf = &xform_esp;
	sa->proto = IPPROTO_ESP;
	sa->mode = MODE_TUNNEL;
	sa->reqid = spec->idx.reqid;
	sa->cls = (uint8_t)enc->cls;
	sa->iv_len = enc->iv_len;
	sa->icv_len = gcm ? enc->icv_len : spec->auth->icv_len;
	sa->blk = enc->block < 4 ? 4 : enc->block; /* RFC 4303 2.4: the trailer ends on 4 bytes */
	sa->esn = (spec->flags & SA_F_ESN) != 0;
	sa->auth = 1;
	tail = sa->blk - 1u + ESP_TRAILER_LEN + sa->icv_len + (sa->esn && !gcm ? 4u : 0u);
	sa->tail = (uint8_t)RTE_MAX(tail, ESP_PAD_STORE);
	make_template(sa, spec);
	atomic_init(&sa->seq, 0);
	sa->seq_limit = sa->esn ? UINT64_MAX - SEQ_OVERSHOOT : UINT32_MAX;
	rte_spinlock_init(&sa->lock);
	if (getrandom(&sa->iv_base, sizeof(sa->iv_base), 0) != (ssize_t)sizeof(sa->iv_base))
		return err_set(err, -EIO, "no random bytes from the kernel");
	if (gcm)
		memcpy(sa->salt, spec->enckey.b + spec->enckey.len - enc->salt_len, enc->salt_len);
	sa->rp = NULL;
	/* ESN needs the highest number seen even when nothing is refused (RFC 4303 A2). */
	if (spec->window_pkts == 0 && !sa->esn)
		return 0;
	sa->rp = rte_zmalloc("replay", replay_size(spec->window_pkts), RTE_CACHE_LINE_SIZE);
	if (sa->rp == NULL) {
		esp_sa_fini(sa);
		return err_set(err, -ENOMEM, "no memory for an anti-replay window of %u packets",
			spec->window_pkts);
	}
	replay_init(sa->rp, spec->window_pkts);
	return 0;
}

/* ---- shared by both directions ---- */

/* Length of the run of packets that have the SA of the first one. */
static inline uint16_t
run_len(struct rte_mbuf **m, uint16_t n)
{
	const struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint16_t i = 1;

	while (i < n && pkt_meta(m[i])->sa == sa)
		i++;
	return i;
}

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

/* Additional data of an AEAD: SPI and the number, whose high half is not in the packet (RFC 4106 5). */
static inline void
put_aad(const struct sa_rt *sa, struct cop *cop, uint8_t *esp, uint64_t seq)
{
	uint32_t words[3];

	cop->aad = esp;
	cop->aad_len = ESP_HDR_LEN;
	if (sa->esn) {
		words[0] = sa->spi_be;
		words[1] = rte_cpu_to_be_32((uint32_t)(seq >> 32));
		words[2] = rte_cpu_to_be_32((uint32_t)seq);
		memcpy(cop->aad_buf, words, sizeof(words));
		cop->aad = cop->aad_buf;
		cop->aad_len = sizeof(words);
	}
}

/* With a separate MAC the high half is hashed behind the text, where the ICV goes (RFC 4303 2.2.1). */
static inline void
put_esn(struct cop *cop, uint8_t *behind_text, uint64_t seq)
{
	uint32_t hi_be = rte_cpu_to_be_32((uint32_t)(seq >> 32));

	memcpy(behind_text, &hi_be, sizeof(hi_be));
	cop->auth_len += (uint32_t)sizeof(hi_be);
}

/* Bytes of ciphertext in a packet whose meta has been checked or filled by us. */
static inline uint32_t
text_len(const struct sa_rt *sa, const struct pkt_meta *meta)
{
	return (uint32_t)meta->l4_len - ESP_HDR_LEN - sa->iv_len - sa->icv_len;
}

/* RFC 4301 4.4.2.1: the byte lifetime counts what the algorithm was applied to. */
static inline void
count_run(const struct lane *lane, struct sa_rt *sa, struct rte_mbuf **m, uint16_t n)
{
	struct sa_lc *lc = &sa->lc[lane->idx];
	uint64_t bytes = 0;

	if (n == 0)
		return;
	for (uint16_t i = 0; i < n; i++)
		bytes += text_len(sa, pkt_meta(m[i]));
	lc->pkts += n;
	lc->bytes += bytes;
	lc->last_tsc = lane->now_tsc;
}

/* ---- outbound ---- */

static inline unsigned int
inner_len(const struct pkt_meta *meta)
{
	return (unsigned int)meta->l4_off - meta->l3_off + meta->l4_len;
}

/* Keep what can grow by header and worst-case trailer. The buffer also bounds the outer length. */
static uint16_t
out_room(struct lane *lane, const struct sa_rt *sa, struct rte_mbuf **m, uint16_t n)
{
	const unsigned int head = sa->hdr_len + sa->iv_len + L2_ROOM;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		const struct pkt_meta *meta = pkt_meta(m[i]);
		unsigned int start = (unsigned int)m[i]->data_off + meta->l3_off;

		if (unlikely(start < head || start + inner_len(meta) + sa->tail > m[i]->buf_len)) {
			drop(lane, m[i], DROP_OUT_NO_ROOM);
			continue;
		}
		m[kept++] = m[i];
	}
	return kept;
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

/* CBC IVs are 8 or 16 bytes; copies of constant length stay inline. */
static inline void
copy_iv(uint8_t *to, const uint8_t *from, unsigned int len)
{
	memcpy(to, from, 8);
	if (len > 8)
		memcpy(to + 8, from + 8, 8);
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
	o.len = (uint16_t)(ESP_HDR_LEN + sa->iv_len + cop->text_len + sa->icv_len);
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
	meta->af = sa->outer_af;
	meta->l4_proto = IPPROTO_ESP;
	/* The outer packet is whole, even when what it carries is a fragment. */
	meta->flags &= (uint8_t) ~(PKT_F_FRAG | PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR);
	meta->flags |= PKT_F_OUT;
}

static uint16_t
out_run(struct lane *lane, const struct tunnel_rules *rules, struct rte_mbuf **m, uint16_t n,
	struct cop *cop)
{
	struct sa_rt *sa = pkt_meta(m[0])->sa;
	uint64_t seq = 0;
	uint16_t got;

	if (unlikely(atomic_load_explicit(&sa->state, memory_order_relaxed) == SA_DEAD)) {
		drop_all(lane, m, n, DROP_OUT_SA_STATE);
		return 0;
	}
	n = out_room(lane, sa, m, n);
	if (n == 0)
		return 0;
	got = take_seq(sa, n, &seq);
	if (unlikely(got < n)) {
		sa->lc[lane->idx].seq_overflow += n - got;
		drop_all(lane, m + got, n - got, DROP_OUT_SEQ);
	}
	for (uint16_t i = 0; i < got; i++)
		out_one(lane, rules, m[i], seq + i, &cop[i]);
	return got;
}

static uint16_t
esp_out_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	struct tunnel_rules rules;
	uint16_t kept = 0, run, left;

	tunnel_rules_init(&rules, lane->knobs);
	for (uint16_t i = 0; i < n; i += run) {
		run = run_len(m + i, n - i);
		left = out_run(lane, &rules, m + i, run, lane->cop + kept);
		close_gap(m + kept, m + i, left);
		kept += left;
	}
	return kept;
}

static uint16_t
esp_out_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint16_t kept = 0, run;

	for (uint16_t i = 0; i < n; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);

		if (unlikely(meta->flags & (PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR))) {
			drop(lane, m[i], DROP_CRYPTO_ERROR);
			continue;
		}
		meta->flags &= (uint8_t)~PKT_F_OUT;
		m[kept++] = m[i];
	}
	for (uint16_t i = 0; i < kept; i += run) {
		run = run_len(m + i, kept - i);
		count_run(lane, pkt_meta(m[i])->sa, m + i, run);
	}
	return kept;
}

/* ---- inbound ---- */

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
	const unsigned int fixed = ESP_HDR_LEN + sa->iv_len + sa->icv_len;

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

/* Find each full sequence number and check it; those that already have a reason are passed over. */
static void
in_check_seq(struct sa_rt *sa, struct rte_mbuf **m, uint16_t n, uint8_t *verdict)
{
	if (sa->rp != NULL)
		rte_spinlock_lock(&sa->lock);
	for (uint16_t i = 0; i < n; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);
		uint32_t lo_be;

		if (verdict[i] != KEEP)
			continue;
		memcpy(&lo_be, rte_pktmbuf_mtod_offset(m[i], uint8_t *, meta->l4_off + 4), 4);
		meta->seq = rte_be_to_cpu_32(lo_be);
		if (sa->rp == NULL)
			continue;
		if (sa->esn)
			meta->seq = replay_esn_guess(sa->rp, (uint32_t)meta->seq);
		verdict[i] = replay_verdict(replay_check(sa->rp, meta->seq));
	}
	if (sa->rp != NULL)
		rte_spinlock_unlock(&sa->lock);
}

/* Check once more and mark: another worker, or this burst, may have had the number meanwhile. */
static void
in_commit_seq(struct sa_rt *sa, struct rte_mbuf **m, uint16_t n, uint8_t *verdict)
{
	if (sa->rp == NULL)
		return;
	rte_spinlock_lock(&sa->lock);
	for (uint16_t i = 0; i < n; i++) {
		const uint64_t seq = pkt_meta(m[i])->seq;

		if (verdict[i] != KEEP)
			continue;
		verdict[i] = replay_verdict(replay_check(sa->rp, seq));
		if (likely(verdict[i] == KEEP))
			replay_commit(sa->rp, seq);
	}
	rte_spinlock_unlock(&sa->lock);
}

/* Drop by verdict, outside the lock, and tell the SA's row what the operator wants to know. */
static uint16_t
in_sift(struct lane *lane, struct sa_lc *lc, struct rte_mbuf **m, uint16_t n,
	const uint8_t *verdict)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		const enum drop_reason reason = verdict[i];

		if (likely(reason == KEEP)) {
			m[kept++] = m[i];
			continue;
		}
		lc->replayed += reason == DROP_SEC_REPLAY_OLD || reason == DROP_SEC_REPLAY_DUP ||
			reason == DROP_SEC_SEQ_ZERO;
		lc->auth_fail += reason == DROP_SEC_AUTH;
		lc->bad_pad += reason == DROP_SEC_PAD;
		lc->malformed += reason == DROP_SEC_SHORT || reason == DROP_SEC_LENGTH ||
			reason == DROP_SEC_NEXT || reason == DROP_SEC_INNER;
		drop(lane, m[i], reason);
	}
	return kept;
}

static inline void
in_regions(const struct sa_rt *sa, struct rte_mbuf *m, struct cop *cop)
{
	struct pkt_meta *meta = pkt_meta(m);
	uint8_t *esp = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off);
	const uint8_t *iv = esp + ESP_HDR_LEN;

	meta->flags &= (uint8_t) ~(PKT_F_OUT | PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR);
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

static uint16_t
esp_in_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint8_t verdict[PVEC_MAX];
	uint16_t kept = 0, run, left;

	for (uint16_t i = 0; i < n; i += run) {
		struct sa_rt *sa = pkt_meta(m[i])->sa;

		run = run_len(m + i, n - i);
		for (uint16_t j = 0; j < run; j++)
			verdict[j] = (uint8_t)in_shape_one(sa, m[i + j]);
		in_check_seq(sa, m + i, run, verdict);
		left = in_sift(lane, &sa->lc[lane->idx], m + i, run, verdict);
		close_gap(m + kept, m + i, left);
		for (uint16_t j = 0; j < left; j++)
			in_regions(sa, m[kept + j], &lane->cop[kept + j]);
		kept += left;
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

/*
 * The SA behind meta->sa is lost when a nested packet is looked up, so its proof is kept for the
 * inbound policy. Only a packet that may be IPsec itself pays for it: with these four protocols
 * (of the first header, so no IPv6 extension header hides another) the history ends here. UDP is
 * among them because check_spec() refuses UDP encapsulation.
 */
static inline void
push_history(const struct sa_rt *sa, struct rte_mbuf *m, uint8_t depth, uint8_t inner_proto)
{
	const size_t src =
		sa->outer_af == AF_INET ? offsetof(struct ip4, src) : offsetof(struct ip6, src);
	const size_t len = sa->outer_af == AF_INET ? 4 : 16;

	if (likely(inner_proto == IPPROTO_TCP || inner_proto == IPPROTO_UDP ||
		    inner_proto == IPPROTO_ICMP || inner_proto == IPPROTO_ICMPV6))
		return;
	if (depth >= NEST_MAX - 1)
		return;
	pkt_priv(m)->history[depth] = (struct sa_proof){
		.proto = sa->proto,
		.mode = sa->mode,
		.authenticated = sa->auth != 0,
		.reqid = sa->reqid,
		.src = addr_make(sa->outer_af, sa->hdr + src),
		.dst = addr_make(sa->outer_af, sa->hdr + src + len),
	};
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
	push_history(sa, m, meta->depth, inner[v6 ? 6 : 9]);
	m->data_off = (uint16_t)(inner - (uint8_t *)m->buf_addr);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	meta->l3_off = 0;
	meta->l4_off = 0;
	meta->l4_len = (uint16_t)len;
	meta->af = v6 ? AF_INET6 : AF_INET;
	meta->l4_proto = payload.next;
	meta->depth++;
	return KEEP;
}

static uint16_t
esp_in_end(struct lane *lane, struct rte_mbuf **m, uint16_t n)
{
	uint8_t verdict[PVEC_MAX];
	struct tunnel_rules rules;
	uint16_t kept = 0, run, left;

	tunnel_rules_init(&rules, lane->knobs);
	for (uint16_t i = 0; i < n; i += run) {
		struct sa_rt *sa = pkt_meta(m[i])->sa;
		struct sa_lc *lc = &sa->lc[lane->idx];

		run = run_len(m + i, n - i);
		for (uint16_t j = 0; j < run; j++)
			verdict[j] = crypto_verdict(pkt_meta(m[i + j]));
		in_commit_seq(sa, m + i, run, verdict);
		left = in_sift(lane, lc, m + i, run, verdict);
		count_run(lane, sa, m + i, left);
		for (uint16_t j = 0; j < left; j++)
			verdict[j] = (uint8_t)in_strip(&rules, sa, m[i + j]);
		left = in_sift(lane, lc, m + i, left, verdict);
		close_gap(m + kept, m + i, left);
		kept += left;
	}
	return kept;
}

const struct xform_ops xform_esp = {
	.name = "esp",
	.sa_init = esp_sa_init,
	.sa_fini = esp_sa_fini,
	.out_begin = esp_out_begin,
	.out_end = esp_out_end,
	.in_begin = esp_in_begin,
	.in_end = esp_in_end,
};
