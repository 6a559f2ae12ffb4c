/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual reassembly: fragments that pass are policed by what their first one said of itself. */
#include <rte_cycles.h>
#include <rte_hash_crc.h>

#include "dp/reass_priv.h"

/*
 * Only fragments that meet a policy with ports ask (policy.c), and they meet the same policies in the
 * same order, so the first one is always remembered where a later one will ask. A later fragment that
 * overtakes the first is dropped, not held: its sender sends again, and nothing can be piled up here.
 */

bool
frag_upper(struct rte_mbuf *m, uint8_t *proto, unsigned int *off)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int end = (unsigned int)meta->l4_off + meta->l4_len;
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	*proto = meta->l4_proto;
	*off = meta->l4_off;
	if (meta->af == AF_INET)
		return true;
	while (*proto == IPPROTO_HOPOPTS || *proto == IPPROTO_ROUTING ||
		*proto == IPPROTO_DSTOPTS) {
		if (end - *off < 8)
			return false;
		*proto = p[*off];
		*off += (p[*off + 1] + 1u) * 8u;
		if (*off > end)
			return false;
	}
	return *proto != IPPROTO_FRAGMENT;
}

static bool
is_fresh(const struct worker *w, const struct vrow *v)
{
	const uint64_t max = (uint64_t)w->snap->knobs.frag_timeout_s * rte_get_tsc_hz();

	return v->since_tsc != 0 &&
		(w->lane.now_tsc <= v->since_tsc || w->lane.now_tsc - v->since_tsc <= max);
}

static struct vrow *
bucket_of(struct reass *r, const struct frag_key *key)
{
	const uint32_t hash = rte_hash_crc(key, sizeof(*key), r->seed);

	return &r->vrow[(size_t)(hash % (VROWS / VWAYS)) * VWAYS];
}

static struct vrow *
find(const struct worker *w, struct vrow *v, const struct vrow *want)
{
	for (unsigned int i = 0; i < VWAYS; i++) {
		if (v[i].opener == want->opener && is_fresh(w, &v[i]) &&
			memcmp(&v[i].key, &want->key, sizeof(v[i].key)) == 0)
			return &v[i];
	}
	return NULL;
}

/* The row of the same packet, else the oldest. */
static struct vrow *
victim(const struct worker *w, struct vrow *v, const struct vrow *want)
{
	struct vrow *old = find(w, v, want);

	if (old != NULL)
		return old;
	old = v;
	for (unsigned int i = 1; i < VWAYS; i++)
		old = v[i].since_tsc < old->since_tsc ? &v[i] : old;
	return old;
}

/* @return false when the first fragment does not show its ports */
static bool
read_first(struct rte_mbuf *m, struct vrow *v)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int end = (unsigned int)meta->l4_off + meta->l4_len;
	unsigned int off;

	if (!frag_upper(m, &v->proto, &off) || end - off < l4_kinds[v->proto])
		return false;
	v->ports_be = l4_ports(rte_pktmbuf_mtod_offset(m, const uint8_t *, off), v->proto);
	return true;
}

bool
vfrag_ports(struct worker *w, struct rte_mbuf *m, struct selector_pkt *p)
{
	struct reass *r = w->env.reass;
	const struct pkt_meta *meta = pkt_meta(m);
	struct vrow v = { .opener = meta->depth == 0 ? 0 : opened_by(meta) };
	struct frag_place at;
	struct vrow *old, *bucket;
	uint16_t ports[2];

	frag_read(m, &v.key, &at);
	if (at.off == 0 && !read_first(m, &v))
		return false;
	v.since_tsc = w->lane.now_tsc;
	bucket = bucket_of(r, &v.key);
	rte_spinlock_lock(&r->vlock);
	if (at.off == 0)
		*victim(w, bucket, &v) = v;
	old = find(w, bucket, &v);
	if (old != NULL)
		v = *old;
	rte_spinlock_unlock(&r->vlock);
	if (old == NULL)
		return false;
	memcpy(ports, &v.ports_be, sizeof(ports));
	p->proto = v.proto;
	p->has_ports = true;
	p->sport_be = ports[0];
	p->dport_be = ports[1];
	return true;
}
