/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP encapsulation of ESP, inbound (RFC 3948): what stands behind a UDP header. */
#include "dp/dp_hot.h"

#define UDP_HDR_LEN 8u

static inline const uint8_t *
l4_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l4_off);
}

static inline bool
is_to_us(struct worker *w, struct rte_mbuf *m)
{
	return nh_kind(w, route_one(w, m)) == NH_LOCAL;
}

/* RFC 3948 2.3: one byte 0xff keeps a mapping alive. */
static inline bool
is_keepalive(const uint8_t *udp, unsigned int len)
{
	return len == UDP_HDR_LEN + 1 && udp[UDP_HDR_LEN] == 0xff;
}

/* RFC 3948 2.2: an SPI of 0 marks IKE. Less than an ESP header is nothing that we know. */
static inline bool
is_esp(const uint8_t *udp, unsigned int len)
{
	static const uint8_t marker[4];

	return len >= UDP_HDR_LEN + 8 && memcmp(udp + UDP_HDR_LEN, marker, sizeof(marker)) != 0;
}

/*
 * The checksum is not looked at: it is mostly 0, and the integrity check of ESP is better (RFC 3948 2.1).
 * A length below that of the packet is believed, for padding may follow.
 */
void
natt_sort(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *udp = l4_of(m);
	const unsigned int len = meta->l4_len >= UDP_HDR_LEN ? get16(udp + 4) : 0;

	if (len < UDP_HDR_LEN || len > meta->l4_len) {
		flow_add(w, m);
		return;
	}
	if (is_keepalive(udp, len) && is_to_us(w, m)) {
		drop(&w->lane, m, DROP_NATT_KEEPALIVE);
		return;
	}
	if (!is_esp(udp, len)) {
		flow_add(w, m);
		return;
	}
	meta->l4_off += UDP_HDR_LEN;
	meta->l4_len = (uint16_t)(len - UDP_HDR_LEN);
	pkt_set_proto(meta, meta->af, IPPROTO_ESP);
	meta->flags |= PKT_F_UDP;
	pvec_add(&w->lane, &w->v.sec, m);
}

void
natt_undo(struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->l4_off -= UDP_HDR_LEN;
	/* The packet ends where its data ends: parsing has seen to that. */
	meta->l4_len = (uint16_t)(m->data_len - meta->l4_off);
	pkt_set_proto(meta, meta->af, IPPROTO_UDP);
	meta->flags &= (uint16_t)~PKT_F_UDP;
}
