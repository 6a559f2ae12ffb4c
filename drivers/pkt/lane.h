/* SPDX-License-Identifier: BSD-2-Clause */
/* struct lane: all that a driver may know of a worker. First member of struct worker. */
/* Owned and written by one worker; control reads drop[] with relaxed loads. */
#ifndef PKT_LANE_H
#define PKT_LANE_H

#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_mbuf.h>

#include "ipsec/knobs.h"
#include "pkt/audit.h"
#include "pkt/drop.h"
#include "pkt/pkt.h"

#define WORKER_MAX     64u
#define CRYPTO_DEV_MAX 8u

/**
 * One unit of crypto work: regions of one packet, written by xform begin, read by crypto submit.
 * Index i belongs to packet m[i] of the same call. All regions are in place and contiguous.
 */
struct cop {
	uint8_t *text; /* first byte to encrypt or decrypt; GMAC of ESP: the IV, then the payload */
	uint8_t *aad; /* AEAD: additional data; else first authenticated byte (AH: nothing else) */
	uint8_t *icv; /* outbound: where the ICV goes; inbound: the received ICV */
	uint32_t text_len; /* bytes */
	uint32_t auth_len; /* non-AEAD: authenticated bytes from aad (header, IV, text, ESN word) */
	uint16_t aad_len; /* AEAD and GMAC of ESP: 8, or 12 with ESN */
	uint16_t rsvd[3];
	/* GCM, GMAC, ChaCha20: salt || IV (12 bytes); CCM: the same with 11; CTR: nonce || IV || */
	/* 00000001; CBC: one block. */
	uint8_t iv[16];
	/* second line, used by few */
	uint8_t aad_buf[16]; /* ESN with AEAD: SPI || high || low; aad points here */
	uint8_t tag[64]; /* inbound with ESN and HMAC: received ICV saved; icv points here */
} __rte_cache_aligned;

/* Rows of lane.drop_by; what is in none of them was ESP, or had no protocol yet. */
enum drop_by { DROP_BY_AH, DROP_BY_IPCOMP, DROP_BY_MAX };

struct lane {
	unsigned int idx; /* worker number: row of every per-worker array */
	unsigned int lcore;
	int socket;
	uint64_t now_tsc; /* at the start of the step */
	uint32_t gen; /* snapshot generation of the step (cache validity) */
	const struct knobs *knobs; /* of the snapshot of the step */
	struct crypto_lane *crypto; /* private to drivers/crypto */
	struct cop *cop; /* [PVEC_MAX] */
	uint64_t drop[DROP_MAX]; /* packets */
	uint64_t drop_by[DROP_BY_MAX][DROP_MAX]; /* of these, what was AH or IPComp */
	uint64_t bundles; /* packets to which an SA behind the first was applied */
	uint64_t comp_short,
		comp_useless; /* packets that IPComp let pass as they were: too short to */
	/* try, or no smaller afterwards */
	struct audit *audit; /* NULL: events are only counted */
};

/** Drop a packet for a named reason: count and free. The only free of a packet on the data path. */
static inline void
drop(struct lane *lane, struct rte_mbuf *m, enum drop_reason reason)
{
	lane->drop[reason]++;
	if (drop_noted[reason])
		drop_note(lane, m, reason);
	rte_pktmbuf_free(m);
}

/** Append to a vector; a full vector is a counted drop. */
static inline void
pvec_add(struct lane *lane, struct pvec *v, struct rte_mbuf *m)
{
	if (unlikely(v->n == PVEC_MAX)) {
		drop(lane, m, DROP_VEC_FULL);
		return;
	}
	v->m[v->n++] = m;
}

#endif
