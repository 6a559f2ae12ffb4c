/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 fragmentation on the way out (RFC 791 3.2), a slow path. */
#include <errno.h>

#include <rte_byteorder.h>
#include <rte_ip_frag.h>

#include "dp/dp_hot.h"
#include "wire/ip.h"

#define FRAGS_MAX 64u /* pieces of one packet: more is an attack or a mistake */

bool
frag_forbidden(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);

	return meta->af != AF_INET || (ip[6] & (IP4_DF >> 8)) != 0;
}

/*
 * A piece comes as a header and a reference to the whole; codecs want one span. The library leaves the
 * checksum to hardware; ours must be right on any port.
 */
static bool
finish_piece(struct rte_mbuf *piece, const struct pkt_meta *whole)
{
	struct pkt_meta *meta = pkt_meta(piece);
	uint8_t *ip = rte_pktmbuf_mtod(piece, uint8_t *);
	const unsigned int ihl = (ip[0] & 15u) * 4u;
	uint16_t csum;

	if (rte_pktmbuf_linearize(piece) != 0)
		return false;
	*meta = *whole;
	meta->l3_off = 0;
	meta->l4_off = (uint16_t)ihl;
	meta->l4_len = (uint16_t)(piece->data_len - ihl);
	meta->flags |= PKT_F_FRAG;
	ip[10] = ip[11] = 0;
	csum = ip4_csum(ip, ihl);
	memcpy(ip + 10, &csum, sizeof(csum));
	return true;
}

void
frag_ip4(struct worker *w, struct rte_mbuf *m, uint16_t mtu, struct pvec *out)
{
	struct rte_mbuf *piece[FRAGS_MAX];
	const struct pkt_meta meta = *pkt_meta(m);
	int32_t n;

	(void)rte_pktmbuf_adj(m, meta.l3_off);
	n = rte_ipv4_fragment_packet(m, piece, FRAGS_MAX, mtu, w->env.pool, w->env.pool);
	if (n < 0) {
		drop(&w->lane, m, n == -ENOMEM ? DROP_FRAG_NOBUF : DROP_IP_TOO_BIG);
		return;
	}
	rte_pktmbuf_free(m);
	for (int32_t i = 0; i < n; i++) {
		if (finish_piece(piece[i], &meta))
			pvec_add(&w->lane, out, piece[i]);
		else
			drop(&w->lane, piece[i], DROP_FRAG_NOBUF);
	}
}
