/* SPDX-License-Identifier: BSD-2-Clause */
/* Many pieces, one packet: the header of the first one, the payload of all (RFC 791 3.2, RFC 8200 4.5). */
#include "dp/reass_priv.h"

#define FRAG_HDR 8u /* IPv6 fragment header */

void
frag_read(struct rte_mbuf *m, struct frag_key *key, struct frag_place *at)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	const uint8_t *frag = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off) - FRAG_HDR;
	unsigned int word;

	memset(key, 0, sizeof(*key));
	key->af = meta->af;
	key->depth = meta->depth;
	at->len = meta->l4_len;
	if (meta->af == AF_INET) {
		word = get16(ip + offsetof(struct ip4, frag_be));
		memcpy(key->src, ip + offsetof(struct ip4, src), 4);
		memcpy(key->dst, ip + offsetof(struct ip4, dst), 4);
		memcpy(&key->id_be, ip + offsetof(struct ip4, id_be), 2);
		key->proto = meta->l4_proto;
		at->off = (word & IP4_OFF_MASK) * 8;
		at->more = (word & IP4_MF) != 0;
		return;
	}
	word = get16(frag + 2);
	memcpy(key->src, ip + offsetof(struct ip6, src), 16);
	memcpy(key->dst, ip + offsetof(struct ip6, dst), 16);
	memcpy(&key->id_be, frag + 4, sizeof(key->id_be));
	at->off = word & 0xfff8u;
	at->more = (word & 1u) != 0;
}

/* RFC 3168 5.3: one congestion mark marks the whole; and not-ECT beside a mark is a lie. */
static bool
merge_ecn(uint8_t *ip, uint8_t af, unsigned int seen)
{
	enum { NOT_ECT = 1u << 0, CE = 1u << 3 };

	if ((seen & CE) == 0)
		return true;
	if ((seen & NOT_ECT) != 0)
		return false;
	ip[1] |= af == AF_INET ? 0x03 : 0x30;
	return true;
}

/*
 * The "next header" byte that leads to the fragment header. Parsing has walked the same chain, so that
 * the walk ends; a chain that does not lead there is refused all the same.
 */
static uint8_t *
next_field(uint8_t *ip, unsigned int frag_off)
{
	uint8_t *next = ip + offsetof(struct ip6, next);
	unsigned int off = sizeof(struct ip6);

	while (off < frag_off) {
		next = ip + off;
		off += (ip[off + 1] + 1u) * 8u;
	}
	return off == frag_off ? next : NULL;
}

/* The header of the first piece becomes that of the whole. @param hdr_len  it, without fragment header */
static enum drop_reason
finish_header(uint8_t *ip, const struct dgram *d, unsigned int hdr_len, uint8_t proto)
{
	const unsigned int total = hdr_len + d->end;
	uint16_t len_be, csum;
	uint8_t *next;

	if (!merge_ecn(ip, d->key.af, d->ecn))
		return DROP_FRAG_OVERLAP;
	if (d->key.af == AF_INET) {
		len_be = rte_cpu_to_be_16((uint16_t)total);
		memcpy(ip + offsetof(struct ip4, len_be), &len_be, sizeof(len_be));
		memset(ip + offsetof(struct ip4, frag_be), 0, 2);
		memset(ip + offsetof(struct ip4, csum_be), 0, 2);
		csum = ip4_csum(ip, hdr_len);
		memcpy(ip + offsetof(struct ip4, csum_be), &csum, sizeof(csum));
		return DROP_MAX;
	}
	len_be = rte_cpu_to_be_16((uint16_t)(total - sizeof(struct ip6)));
	memcpy(ip + offsetof(struct ip6, plen_be), &len_be, sizeof(len_be));
	next = next_field(ip, hdr_len);
	if (next == NULL)
		return DROP_IP_EXTHDR;
	*next = proto;
	return DROP_MAX;
}

/* How it came, and what that proved: of the piece that came last, for its SA is still there. */
static void
copy_origin(struct rte_mbuf *whole, struct rte_mbuf *last, uint16_t l3_off)
{
	struct pkt_meta *meta = pkt_meta(whole);

	*meta = *pkt_meta(last);
	meta->l3_off = l3_off;
	whole->port = last->port;
	memcpy(pkt_priv(whole)->history, pkt_priv(last)->history, sizeof(pkt_priv(last)->history));
}

static struct rte_mbuf *
alloc_room(struct worker *w, unsigned int bytes)
{
	struct rte_mempool *pool = w->env.pool;

	if (bytes > (unsigned int)rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM)
		pool = w->env.reass->large;
	return rte_pktmbuf_alloc(pool);
}

struct rte_mbuf *
reass_build(struct worker *w, const struct dgram *d, struct rte_mbuf *last, enum drop_reason *why)
{
	struct rte_mbuf *first = d->piece[0].m;
	const struct pkt_meta *meta = pkt_meta(first);
	const unsigned int gone = d->key.af == AF_INET ? 0 : FRAG_HDR;
	const unsigned int head = meta->l4_off - gone, hdr_len = head - meta->l3_off;
	const unsigned int max =
		d->key.af == AF_INET ? UINT16_MAX : UINT16_MAX + sizeof(struct ip6);
	const uint8_t proto = meta->l4_proto;
	struct rte_mbuf *m;
	uint8_t *p;

	*why = DROP_FRAG_TOO_BIG;
	if (hdr_len + d->end > max ||
		head + d->end > (unsigned int)rte_pktmbuf_data_room_size(w->env.reass->large) -
				RTE_PKTMBUF_HEADROOM)
		return NULL;
	*why = DROP_FRAG_NOBUF;
	m = alloc_room(w, head + d->end);
	if (m == NULL)
		return NULL;
	p = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(p, rte_pktmbuf_mtod(first, uint8_t *), head);
	for (unsigned int i = 0; i < d->npiece; i++)
		memcpy(p + head + d->piece[i].off,
			rte_pktmbuf_mtod_offset(
				d->piece[i].m, uint8_t *, pkt_meta(d->piece[i].m)->l4_off),
			d->piece[i].len);
	m->data_len = (uint16_t)(head + d->end);
	m->pkt_len = m->data_len;
	copy_origin(m, last, meta->l3_off);
	*why = finish_header(p + meta->l3_off, d, hdr_len, proto);
	if (*why == DROP_MAX)
		return m;
	rte_pktmbuf_free(m);
	return NULL;
}
