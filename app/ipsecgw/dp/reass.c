/* SPDX-License-Identifier: BSD-2-Clause */
/* Reassembly of what is addressed to us, before IPsec (RFC 4301 7.4, RFC 5722, RFC 8200 4.5). */
#include <stdlib.h>
#include <sys/random.h>

#include <rte_cycles.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>

#include "dp/reass_priv.h"

/*
 * Not rte_ip_frag: it neither sees overlaps nor counts per source, and takes eight pieces at most.
 * For each fragment:
 *  1. its size: something, of whole eights but for the last, inside 65535 bytes; the first shows its
 *     upper-layer header;
 *  2. its packet: found by addresses, id and protection, or new, within the limit of its source; the
 *     oldest of all gives way when the table is full, since fragments of one packet come together;
 *  3. its place: an exact copy is left out, any other overlap condemns the packet until it times out;
 *  4. the last gap closed: one buffer, parsed anew, back to where whole packets go.
 * No ICMP "time exceeded in reassembly" is sent: to spoofed sources it would be noise.
 */

struct reass *
reass_new(unsigned int max_frags, int socket)
{
	struct reass *r = rte_zmalloc_socket("reass", sizeof(*r), RTE_CACHE_LINE_SIZE, socket);

	if (r == NULL)
		return NULL;
	r->max_mbuf = max_frags;
	r->large = pkt_pool_create("large", LARGE_BUF, UINT16_MAX, socket);
	if (r->large == NULL ||
		getrandom(&r->seed, sizeof(r->seed), 0) != (ssize_t)sizeof(r->seed)) {
		reass_free(r);
		return NULL;
	}
	TAILQ_INIT(&r->old);
	TAILQ_INIT(&r->free);
	for (unsigned int i = 0; i < DGRAMS; i++)
		TAILQ_INSERT_TAIL(&r->free, &r->dgram[i], age);
	return r;
}

void
reass_free(struct reass *r)
{
	if (r == NULL)
		return;
	for (unsigned int i = 0; i < DGRAMS; i++) {
		for (unsigned int k = 0; k < r->dgram[i].npiece; k++)
			rte_pktmbuf_free(r->dgram[i].piece[k].m);
	}
	rte_mempool_free(r->large);
	rte_free(r);
}

unsigned int
reass_held(const struct reass *r)
{
	return r->nmbuf;
}

unsigned int
reass_large_in_use(const struct reass *r)
{
	return rte_mempool_in_use_count(r->large);
}

/* ---- packets in the making; all under the lock ---- */

/* What was inflated, or made whole once before, is in a buffer that its owner needs back soon. */
static bool
is_borrowed(const struct worker *w, const struct rte_mbuf *m)
{
	return m->pool != w->env.pool;
}

static void
let_go(struct worker *w, struct dgram *d, enum drop_reason reason)
{
	for (unsigned int i = 0; i < d->npiece; i++) {
		w->env.reass->nborrowed -= is_borrowed(w, d->piece[i].m);
		drop(&w->lane, d->piece[i].m, reason);
	}
	w->env.reass->nmbuf -= d->npiece;
	d->npiece = 0;
}

static void
forget(struct reass *r, struct dgram *d)
{
	LIST_REMOVE(d, by_src);
	TAILQ_REMOVE(&r->old, d, age);
	TAILQ_INSERT_HEAD(&r->free, d, age);
	atomic_fetch_sub_explicit(&r->waiting, 1, memory_order_relaxed);
}

static bool
is_late(const struct worker *w, const struct dgram *d)
{
	const uint64_t max = (uint64_t)w->snap->knobs.frag_timeout_s * rte_get_tsc_hz();

	/* Another worker's clock may have been read a little later. */
	return w->lane.now_tsc > d->since_tsc && w->lane.now_tsc - d->since_tsc > max;
}

static void
expire(struct worker *w)
{
	struct reass *r = w->env.reass;
	struct dgram *d;

	while ((d = TAILQ_FIRST(&r->old)) != NULL && is_late(w, d)) {
		let_go(w, d, DROP_FRAG_TIMEOUT);
		forget(r, d);
	}
}

static bool
is_same_proof(const struct sa_proof *a, const struct sa_proof *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (a[i].proto != b[i].proto || a[i].mode != b[i].mode ||
			a[i].authenticated != b[i].authenticated || a[i].reqid != b[i].reqid ||
			!addr_eq(&a[i].src, &b[i].src) || !addr_eq(&a[i].dst, &b[i].dst))
			return false;
	}
	return true;
}

static struct dgram_bucket *
bucket_of(struct reass *r, const struct frag_key *key)
{
	return &r->bucket[rte_hash_crc(key->src, sizeof(key->src), r->seed) & (BUCKETS - 1)];
}

/* @param mine  how many packets of the same source there are */
static struct dgram *
find(struct reass *r, const struct frag_key *key, const struct sa_proof *proof, unsigned int *mine)
{
	struct dgram *d;

	*mine = 0;
	LIST_FOREACH (d, bucket_of(r, key), by_src) {
		if (d->key.af != key->af || memcmp(d->key.src, key->src, sizeof(key->src)) != 0)
			continue;
		(*mine)++;
		if (memcmp(&d->key, key, sizeof(*key)) == 0 &&
			is_same_proof(d->proof, proof, key->depth))
			return d;
	}
	return NULL;
}

static void
evict_oldest(struct worker *w)
{
	struct dgram *d = TAILQ_FIRST(&w->env.reass->old);

	let_go(w, d, DROP_FRAG_LIMIT);
	forget(w->env.reass, d);
}

/* @return the packet of a fragment, or NULL when its source has too many */
static struct dgram *
find_or_make(struct worker *w, struct rte_mbuf *m, const struct frag_key *key)
{
	struct reass *r = w->env.reass;
	struct sa_proof proof[NEST_MAX];
	unsigned int mine;
	struct dgram *d;

	(void)in_history(w, m, proof);
	d = find(r, key, proof, &mine);
	if (d != NULL)
		return d;
	if (mine >= (unsigned int)w->snap->knobs.frag_per_source)
		return NULL;
	if (TAILQ_EMPTY(&r->free))
		evict_oldest(w);
	d = TAILQ_FIRST(&r->free);
	TAILQ_REMOVE(&r->free, d, age);
	d->key = *key;
	memcpy(d->proof, proof, key->depth * sizeof(proof[0]));
	d->since_tsc = w->lane.now_tsc;
	d->have = d->end = 0;
	d->npiece = 0;
	d->ecn = 0;
	d->refused = false;
	TAILQ_INSERT_TAIL(&r->old, d, age);
	LIST_INSERT_HEAD(bucket_of(r, key), d, by_src);
	atomic_fetch_add_explicit(&r->waiting, 1, memory_order_relaxed);
	return d;
}

static bool
is_copy(struct rte_mbuf *m, const struct piece *old)
{
	const uint8_t *a = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l4_off);
	const uint8_t *b =
		rte_pktmbuf_mtod_offset(old->m, const uint8_t *, pkt_meta(old->m)->l4_off);

	return memcmp(a, b, old->len) == 0;
}

/* Where the packet ends is said once; what says otherwise, or lies behind it, contradicts. */
static bool
contradicts_end(const struct dgram *d, const struct frag_place *at)
{
	const uint32_t end = at->off + at->len;
	const uint32_t reach =
		d->npiece > 0 ? d->piece[d->npiece - 1].off + d->piece[d->npiece - 1].len : 0;

	if (d->end != 0)
		return at->more ? end > d->end : end != d->end;
	return !at->more && end < reach;
}

/* @return DROP_MAX when the fragment is in its place, DROP_FRAG_DUP, or why the packet is condemned */
static enum drop_reason
insert(struct dgram *d, struct rte_mbuf *m, const struct frag_place *at)
{
	unsigned int i = d->npiece;

	while (i > 0 && d->piece[i - 1].off > at->off)
		i--;
	if (i > 0 && d->piece[i - 1].off == at->off && d->piece[i - 1].len == at->len &&
		(d->end == at->off + at->len) == !at->more && is_copy(m, &d->piece[i - 1]))
		return DROP_FRAG_DUP;
	if (contradicts_end(d, at) ||
		(i > 0 && d->piece[i - 1].off + d->piece[i - 1].len > at->off) ||
		(i < d->npiece && at->off + at->len > d->piece[i].off))
		return DROP_FRAG_OVERLAP;
	if (d->npiece == PIECES)
		return DROP_FRAG_LIMIT;
	memmove(&d->piece[i + 1], &d->piece[i], (d->npiece - i) * sizeof(d->piece[0]));
	d->piece[i] = (struct piece){ .off = at->off, .len = at->len, .m = m };
	d->npiece++;
	d->have += at->len;
	if (!at->more)
		d->end = at->off + at->len;
	return DROP_MAX;
}

static void
note_ecn(struct dgram *d, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l3_off);
	const unsigned int tos = d->key.af == AF_INET ? ip[1] : ip[1] >> 4;

	d->ecn |= (uint8_t)(1u << (tos & 3));
}

/* ---- one fragment ---- */

/* @return DROP_MAX when the fragment can be part of a packet */
static enum drop_reason
check_size(struct rte_mbuf *m, const struct frag_place *at)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int end = (unsigned int)meta->l4_off + meta->l4_len;
	unsigned int off;
	uint8_t proto;

	/* RFC 7112: what filters must see is in the first fragment. */
	if (at->off == 0 && at->more &&
		(at->len < 8 || !frag_upper(m, &proto, &off) || end - off < 8))
		return DROP_FRAG_TINY;
	if (at->len == 0 || (at->more && at->len % 8 != 0))
		return DROP_FRAG_SIZE;
	return at->off + at->len > UINT16_MAX ? DROP_FRAG_TOO_BIG : DROP_MAX;
}

/* Under the lock. @return the whole packet when m was the last of it */
static struct rte_mbuf *
join(struct worker *w, struct rte_mbuf *m, const struct frag_key *key, const struct frag_place *at)
{
	struct reass *r = w->env.reass;
	enum drop_reason why = DROP_FRAG_LIMIT;
	struct rte_mbuf *whole;
	struct dgram *d;

	if (is_borrowed(w, m) && r->nborrowed >= BORROWED) {
		drop(&w->lane, m, DROP_FRAG_LIMIT);
		return NULL;
	}
	while (r->nmbuf >= r->max_mbuf)
		evict_oldest(w);
	d = find_or_make(w, m, key);
	if (d != NULL)
		why = d->refused ? DROP_FRAG_OVERLAP : insert(d, m, at);
	if (why != DROP_MAX) {
		drop(&w->lane, m, why);
		if (d != NULL && why != DROP_FRAG_DUP) {
			let_go(w, d, why);
			d->refused = true;
		}
		return NULL;
	}
	r->nmbuf++;
	r->nborrowed += is_borrowed(w, m);
	note_ecn(d, m);
	if (d->end == 0 || d->have != d->end)
		return NULL;
	whole = reass_build(w, d, m, &why);
	if (whole != NULL) {
		for (unsigned int i = 0; i < d->npiece; i++) {
			r->nborrowed -= is_borrowed(w, d->piece[i].m);
			rte_pktmbuf_free(d->piece[i].m);
		}
		r->nmbuf -= d->npiece;
		d->npiece = 0;
	} else {
		let_go(w, d, why);
	}
	forget(r, d);
	return whole;
}

/* RFC 6946: a fragment that is all of its packet has nothing to do with any other. */
static struct rte_mbuf *
unwrap(struct worker *w, struct rte_mbuf *m, const struct frag_key *key,
	const struct frag_place *at)
{
	struct dgram d = {
		.key = *key, .end = at->len, .npiece = 1, .piece = { { .len = at->len, .m = m } }
	};
	enum drop_reason why;
	struct rte_mbuf *whole = reass_build(w, &d, m, &why);

	if (whole == NULL)
		drop(&w->lane, m, why);
	else
		rte_pktmbuf_free(m);
	return whole;
}

/* The whole is a packet like any other, that came as its fragments came. */
static void
go_on(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	const uint16_t flags = meta->flags & (uint16_t)~PKT_F_FRAG;
	enum drop_reason reason = parse_family(
		m, (unsigned int)m->data_len - meta->l3_off, meta->af == AF_INET6, true);

	meta->flags |= flags;
	if (reason == PARSE_OK && (meta->flags & PKT_F_FRAG) != 0)
		reason = DROP_FRAG_OVERLAP; /* a fragment header behind the one that is gone */
	if (reason == PARSE_OK && ipip_is_ours(w, m))
		reason = ipip_open(w, m);
	if (reason != PARSE_OK)
		drop(&w->lane, m, reason);
	else
		sort_parsed(w, m);
}

void
reass_take(struct worker *w, struct rte_mbuf *m)
{
	struct reass *r = w->env.reass;
	struct frag_key key;
	struct frag_place at;
	struct rte_mbuf *whole;
	enum drop_reason reason;

	frag_read(m, &key, &at);
	reason = check_size(m, &at);
	if (reason != DROP_MAX) {
		drop(&w->lane, m, reason);
		return;
	}
	if (at.off == 0 && !at.more) {
		whole = unwrap(w, m, &key, &at);
	} else {
		rte_spinlock_lock(&r->lock);
		expire(w);
		whole = join(w, m, &key, &at);
		rte_spinlock_unlock(&r->lock);
	}
	if (whole != NULL)
		go_on(w, whole);
}

void
reass_tick(struct worker *w)
{
	struct reass *r = w->env.reass;

	if (likely(atomic_load_explicit(&r->waiting, memory_order_relaxed) == 0))
		return;
	/* Whoever holds the lock looks as well. */
	if (rte_spinlock_trylock(&r->lock) == 0)
		return;
	expire(w);
	rte_spinlock_unlock(&r->lock);
}
