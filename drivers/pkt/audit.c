/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/audit.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>

#include <rte_malloc.h>

#include "pkt/lane.h"
#include "pkt/sa_rt.h"
#include "wire/ip.h"

#define RING 256u /* records, power of two */

struct audit_limit {
	uint64_t since_tsc; /* begin of the second that n counts */
	uint32_t n; /* posted in it */
	uint32_t held; /* suppressed since the last posted one */
};

/* Worker and control write to lines of their own. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct audit {
	uint64_t hz;
	struct audit_limit limit[AUDIT_KIND_MAX];
	uint64_t events[AUDIT_KIND_MAX], suppressed[AUDIT_KIND_MAX];
	_Atomic uint32_t head __rte_cache_aligned; /* worker */
	_Atomic uint32_t tail __rte_cache_aligned; /* control */
	struct audit_rec rec[RING];
};

/* Where a drop says which protocol and SA it is about. */
enum source {
	NOWHERE,
	PACKET, /* the header at l4_off: nobody has looked behind it yet */
	SEALING, /* the SA that is being applied */
	EITHER, /* depends on the direction */
	OPENED, /* the last SA that opened the packet, if one did */
};

/* X(drop reason, kind of event, source) */
#define NOTES(X)                          \
	X(SEC_NO_SA, NO_SA, PACKET)       \
	X(SEC_SA_STATE, NONE, PACKET)     \
	X(SEC_SA_ADDR, NONE, PACKET)      \
	X(SEC_SHORT, NONE, PACKET)        \
	X(SEC_LENGTH, NONE, PACKET)       \
	X(SEC_SEQ_ZERO, REPLAY, PACKET)   \
	X(SEC_REPLAY_OLD, REPLAY, PACKET) \
	X(SEC_REPLAY_DUP, REPLAY, PACKET) \
	X(SEC_AUTH, INTEGRITY, PACKET)    \
	X(SEC_PAD, NONE, PACKET)          \
	X(SEC_NEXT, NONE, PACKET)         \
	X(OUT_NO_ROOM, NONE, SEALING)     \
	X(OUT_SEQ, SEQ_OVERFLOW, SEALING) \
	X(OUT_SA_STATE, NONE, SEALING)    \
	X(CRYPTO_QUEUE, NONE, EITHER)     \
	X(CRYPTO_ERROR, NONE, EITHER)     \
	X(SEC_SELECTOR, SELECTOR, OPENED) \
	X(POLICY_IN, SELECTOR, OPENED)

static const struct {
	uint8_t kind, source;
} notes[DROP_MAX] = {
#define X(reason, kind, source) [DROP_##reason] = { AUDIT_##kind, source },
	NOTES(X)
#undef X
};

const uint8_t drop_noted[DROP_MAX] = {
#define X(reason, kind, source) [DROP_##reason] = 1,
	NOTES(X)
#undef X
};

static const struct {
	const char *name, *doc;
} kinds[AUDIT_KIND_MAX] = {
#define X(sym, name_, doc_) [AUDIT_##sym] = { name_, doc_ },
	AUDIT_KINDS(X)
#undef X
};

const char *
audit_kind_name(enum audit_kind kind)
{
	return kind < AUDIT_KIND_MAX ? kinds[kind].name : NULL;
}

const char *
audit_kind_doc(enum audit_kind kind)
{
	return kind < AUDIT_KIND_MAX ? kinds[kind].doc : NULL;
}

struct audit *
audit_new(int socket, uint64_t hz)
{
	struct audit *a = rte_zmalloc_socket("audit", sizeof(*a), RTE_CACHE_LINE_SIZE, socket);

	if (a != NULL)
		a->hz = hz;
	return a;
}

void
audit_free(struct audit *a)
{
	rte_free(a);
}

bool
audit_take(struct audit *a, struct audit_rec *out)
{
	const uint32_t tail = atomic_load_explicit(&a->tail, memory_order_relaxed);

	/* Pairs with the release store of put(): the record is there. */
	if (tail == atomic_load_explicit(&a->head, memory_order_acquire))
		return false;
	*out = a->rec[tail & (RING - 1)];
	/* Pairs with the acquire load of put(): the slot may be written again. */
	atomic_store_explicit(&a->tail, tail + 1, memory_order_release);
	return true;
}

static bool
put(struct audit *a, const struct audit_rec *r)
{
	const uint32_t head = atomic_load_explicit(&a->head, memory_order_relaxed);

	if (head - atomic_load_explicit(&a->tail, memory_order_acquire) == RING)
		return false;
	a->rec[head & (RING - 1)] = *r;
	atomic_store_explicit(&a->head, head + 1, memory_order_release);
	return true;
}

uint64_t
audit_events(const struct audit *a, enum audit_kind kind)
{
	return __atomic_load_n(&a->events[kind], __ATOMIC_RELAXED);
}

uint64_t
audit_suppressed(const struct audit *a, enum audit_kind kind)
{
	return __atomic_load_n(&a->suppressed[kind], __ATOMIC_RELAXED);
}

/* A peer who provokes events must not be able to fill the log: so many in a second, the others are counted. */
static bool
may_post(const struct lane *lane, struct audit_limit *l)
{
	const int32_t rate = lane->knobs != NULL ? lane->knobs->audit_rate : 0;

	if (lane->now_tsc - l->since_tsc >= lane->audit->hz) {
		l->since_tsc = lane->now_tsc;
		l->n = 0;
	}
	return rate > 0 && l->n < (uint32_t)rate;
}

static void
post(struct lane *lane, struct audit_rec *r)
{
	struct audit *a = lane->audit;
	struct audit_limit *l = &a->limit[r->kind];

	a->events[r->kind]++;
	r->tsc = lane->now_tsc;
	r->suppressed = l->held;
	if (!may_post(lane, l) || !put(a, r)) {
		a->suppressed[r->kind]++;
		l->held++;
		return;
	}
	l->n++;
	l->held = 0;
}

/* Addresses of the IP header at p, which has len bytes. */
static void
take_addrs(struct audit_rec *r, const uint8_t *p, size_t len)
{
	struct ip6 h;

	if (r->af == AF_INET && len >= sizeof(struct ip4)) {
		memcpy(r->src, p + offsetof(struct ip4, src), 4);
		memcpy(r->dst, p + offsetof(struct ip4, dst), 4);
	} else if (r->af == AF_INET6 && len >= sizeof(h)) {
		memcpy(&h, p, sizeof(h));
		memcpy(r->src, h.src, sizeof(h.src));
		memcpy(r->dst, h.dst, sizeof(h.dst));
		r->flow = rte_be_to_cpu_32(h.vtf_be) & 0xfffff;
	}
}

static void
from_packet(struct audit_rec *r, const struct rte_mbuf *m)
{
	const struct pkt_meta *meta =
		RTE_MBUF_DYNFIELD((uintptr_t)m, PKT_META_OFF, const struct pkt_meta *);
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	rte_be32_t word[3] = { 0 };
	size_t n = meta->l4_off < m->data_len ? m->data_len - meta->l4_off : 0;

	r->af = meta->af;
	r->proto = meta->l4_proto;
	if (meta->l3_off < m->data_len)
		take_addrs(r, p + meta->l3_off, m->data_len - (size_t)meta->l3_off);
	if (n > 0)
		memcpy(word, p + meta->l4_off, RTE_MIN(n, sizeof(word)));
	/* RFC 4303 2, RFC 4302 2, RFC 3173 3.3: what stands where. */
	r->spi = rte_be_to_cpu_32(word[meta->l4_proto == IPPROTO_AH ? 1 : 0]);
	r->seq = rte_be_to_cpu_32(word[meta->l4_proto == IPPROTO_AH ? 2 : 1]);
	if (meta->l4_proto == IPPROTO_IPCOMP) {
		r->spi &= 0xffff;
		r->seq = 0;
	}
}

/* The addresses of the SA itself: both ends as the template has them. */
static void
from_sa(struct audit_rec *r, const struct sa_rt *sa)
{
	r->af = sa->outer_af;
	r->proto = sa->proto;
	r->spi = rte_be_to_cpu_32(sa->spi_be);
	take_addrs(r, sa->hdr, sizeof(sa->hdr));
	r->flow = 0;
}

/* What was opened, with the SA that did it, or what should have been protected and was not. */
static void
from_opened(struct audit_rec *r, const struct rte_mbuf *m, const struct pkt_meta *meta)
{
	from_packet(r, m);
	r->proto = 0;
	r->spi = r->seq = 0;
	if (meta->depth == 0 || meta->sa == NULL)
		return;
	r->proto = meta->sa->proto;
	r->spi = rte_be_to_cpu_32(meta->sa->spi_be);
}

static void
blame(struct lane *lane, uint8_t proto, enum drop_reason reason)
{
	if (proto == IPPROTO_AH)
		lane->drop_by[DROP_BY_AH][reason]++;
	else if (proto == IPPROTO_IPCOMP)
		lane->drop_by[DROP_BY_IPCOMP][reason]++;
}

void
drop_note(struct lane *lane, const struct rte_mbuf *m, enum drop_reason reason)
{
	const struct pkt_meta *meta =
		RTE_MBUF_DYNFIELD((uintptr_t)m, PKT_META_OFF, const struct pkt_meta *);
	struct audit_rec r = { .kind = notes[reason].kind, .reason = (uint8_t)reason };
	uint8_t source = notes[reason].source;

	if (source == EITHER)
		source = (meta->flags & PKT_F_OUT) != 0 ? SEALING : PACKET;
	if (source == PACKET)
		from_packet(&r, m);
	else if (source == SEALING && meta->sa != NULL)
		from_sa(&r, meta->sa);
	else if (source == OPENED)
		from_opened(&r, m, meta);
	if (source != OPENED)
		blame(lane, r.proto, reason);
	if (r.kind != AUDIT_NONE && lane->audit != NULL)
		post(lane, &r);
}

void
audit_mapping(struct lane *lane, const struct sa_rt *sa, const uint8_t *src, rte_be16_t port_be)
{
	struct audit_rec r = { .kind = AUDIT_NEW_MAPPING, .reason = DROP_MAX };

	if (lane->audit == NULL)
		return;
	from_sa(&r, sa);
	memcpy(r.src, src, r.af == AF_INET ? 4 : 16);
	r.port_be = port_be;
	post(lane, &r);
}
