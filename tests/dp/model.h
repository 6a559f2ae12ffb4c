/* SPDX-License-Identifier: BSD-2-Clause */
/* A naive gateway: what RFC 4301 and ipsec(4) say happens to one packet, by walking keyd's lists. */
/* Independent of snapshots, classifiers, caches and stages; the test program's one thread. */
#ifndef DP_MODEL_H
#define DP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "ipsec/sp.h"
#include "keyd/keyd.h"
#include "pkt/drop.h"

#define MODEL_DEPTH 4u

/** A packet as it enters the gateway: the innermost, and the SAs around it. */
struct model_pkt {
	struct selector_pkt sel;
	bool is_frag; /* without its ports: not the first */
	bool is_piece; /* a fragment of either kind */
	uint8_t ttl;
	uint8_t depth;
	struct {
		uint32_t spi;
		struct addr dst;
		bool transport; /* only the innermost */
	} tunnel[MODEL_DEPTH]; /* outermost first */
};

enum model_verdict {
	MODEL_DROP,
	MODEL_LOCAL, /* to control */
	MODEL_SEND,
};

struct model_answer {
	enum model_verdict verdict;
	enum drop_reason reason; /* MODEL_DROP */
	bool is_ttl; /* control is told as well */
	uint8_t nspi; /* MODEL_SEND: protections applied, innermost first */
	uint32_t spi[SP_REQ_MAX];
};

/** @param is_local  true for an address of the gateway itself */
void
model_ask(struct keyd *kd, const struct model_pkt *p, bool (*is_local)(const struct addr *),
	struct model_answer *out);

#endif
