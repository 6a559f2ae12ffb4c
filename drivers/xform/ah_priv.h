/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two directions of AH share. Private to drivers/xform; workers only. */
#ifndef XFORM_AH_PRIV_H
#define XFORM_AH_PRIV_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipsec/ah.h"
#include "pkt/lane.h"
#include "pkt/sa_rt.h"
#include "xform/wrap.h"

#define AH_ICV_MAX 32u /* half of pkt_priv.icv, which is all that the engines take */
#define AH_GMAC_IV 8u
#define AH_SEQ_OFF 8u /* of the sequence number in the header */
static_assert(AH_ICV_MAX <= sizeof(((struct pkt_priv *)0)->icv), "a received ICV has room");
static_assert(AH_HEAD_MAX <= PKT_SAVE_MAX, "a masked header has room");

/* How struct sa_rt serves AH: blk is the alignment of the header, esp_fixed its length outbound. */

/* Bytes before the ICV field. */
static inline unsigned int
ah_fixed(const struct sa_rt *sa)
{
	return sa->opts & SA_RT_OLD ? AH_OLD_LEN : AH_HDR_LEN;
}

/*
 * GMAC: salt and IV are the nonce (RFC 4543 3.2), and pkt_priv keeps it as a device would have it. IV and
 * tag together are the ICV field, zero while it is computed; IPv6 pads it (RFC 4543 4, erratum 3643).
 */
static inline void
ah_nonce(const struct sa_rt *sa, struct cop *cop, uint8_t *keep, const uint8_t *iv)
{
	memcpy(cop->iv, sa->salt, sizeof(sa->salt));
	memcpy(cop->iv + sizeof(sa->salt), iv, AH_GMAC_IV);
	memcpy(keep, cop->iv, sizeof(sa->salt) + AH_GMAC_IV);
}

/*
 * The whole IP packet is authenticated, and behind it the high half of the number that the header does
 * not carry (RFC 4302 3.3.3.2.2). It is written behind the packet, where there is room or link padding, and
 * is data of the mbuf until the end, for crypto_openssl hashes no byte behind that.
 */
static inline void
ah_regions(const struct sa_rt *sa, struct rte_mbuf *m, struct cop *cop, uint64_t seq)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint32_t hi_be = rte_cpu_to_be_32((uint32_t)(seq >> 32));

	cop->aad = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	cop->aad_len = 0;
	cop->auth_len = wrap_len(meta);
	cop->text = cop->aad + cop->auth_len;
	cop->text_len = 0;
	if (sa->esn) {
		memcpy(cop->text, &hi_be, sizeof(hi_be));
		m->data_len = (uint16_t)(meta->l4_off + meta->l4_len + sizeof(hi_be));
		m->pkt_len = m->data_len;
		cop->auth_len += (uint32_t)sizeof(hi_be);
	}
}

uint16_t
ah_out_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n);
uint16_t
ah_out_end(struct lane *lane, struct rte_mbuf **m, uint16_t n);
uint16_t
ah_in_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n);
uint16_t
ah_in_end(struct lane *lane, struct rte_mbuf **m, uint16_t n);

#endif
