/* SPDX-License-Identifier: BSD-2-Clause */
/* The parameters that say how an outer header follows from the inner one, as masks. Inline. */
/* Owner: the caller's stack, made anew for each batch from the knobs of its step. */
#ifndef IPSEC_TUNNEL_RULES_H
#define IPSEC_TUNNEL_RULES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ipsec/knobs.h"
#include "wire/ip.h"

/** The parameters of one step, turned into masks so that no packet branches on them. */
struct tunnel_rules {
	uint8_t tos_mask[2]; /* by inner family KNOBS_V4, KNOBS_V6: bits that reach the outer */
	uint8_t tos_set[2]; /* by inner family: bits that the outer has anyway */
	bool ecn_in[2]; /* by inner family: outer ECN is merged into the inner */
	uint16_t df_keep_be[2], df_set_be[2]; /* by inner family */
	uint32_t flow_keep_be
		[2]; /* by inner family: bits of its first word that reach an outer IPv6 */
	uint8_t ttl;
};

static inline void
tunnel_rules_init(struct tunnel_rules *r, const struct knobs *k)
{
	memset(r, 0, sizeof(*r));
	for (unsigned int i = 0; i < 2; i++) {
		/* RFC 6040 4.1: compatibility mode sends Not-ECT, normal mode copies. */
		r->tos_mask[i] = k->af[i].ecn == 0 ? 0xfc : 0xff;
		r->ecn_in[i] = k->af[i].ecn >= 0;
		/* RFC 2983 leaves the outer DSCP to who runs the tunnel. */
		if (k->af[i].dscp >= 0) {
			r->tos_mask[i] &= 3;
			r->tos_set[i] = (uint8_t)(k->af[i].dscp << 2);
		}
	}
	/* An inner IPv6 header has no DF bit and asks for none: its rows stay 0. */
	r->df_set_be[KNOBS_V4] = k->dfbit == 1 ? htons(IP4_DF) : 0;
	r->df_keep_be[KNOBS_V4] = k->dfbit == 0 || k->dfbit == 1 ? 0 : htons(IP4_DF);
	/* An IPv4 header has no flow label. */
	r->flow_keep_be[KNOBS_V6] = k->flowlabel == 1 ? htonl(0xfffff) : 0;
	r->ttl = (uint8_t)k->ip_ttl;
}

#endif
