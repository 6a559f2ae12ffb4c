/* SPDX-License-Identifier: BSD-2-Clause */
#include "snap/totals.h"

#include <netinet/in.h>
#include <stdatomic.h>

#include "pkt/sa_rt.h"

enum totals_proto
totals_proto(uint8_t ipproto)
{
	switch (ipproto) {
	case IPPROTO_ESP:
		return TOTALS_ESP;
	case IPPROTO_AH:
		return TOTALS_AH;
	case IPPROTO_IPCOMP:
		return TOTALS_IPCOMP;
	default:
		return TOTALS_PROTO_MAX;
	}
}

/* Slots of netstat(1)'s histograms; 0 is "*unknown*", where everything goes that it has no name for. */
static const uint8_t slots[ALG_CODE_MAX] = {
	[ALG_DES_CBC] = 2,
	[ALG_3DES_CBC] = 3,
	[ALG_NULL_ENC] = 4,
	[ALG_CAST128_CBC] = 5,
	[ALG_BLOWFISH_CBC] = 6,
	[ALG_AES_CBC] = 7,
	[ALG_AES_CTR] = 8,
	[ALG_AES_GCM_8] = 9,
	[ALG_AES_GCM_12] = 10,
	[ALG_AES_GCM_16] = 11,
	[ALG_AES_GCM_16_IIV] = 11,
	[ALG_CAMELLIA_CBC] = 12,
	[ALG_AES_GMAC] = 13,
	[ALG_SKIPJACK] = 14,
	[ALG_HMAC_MD5] = 2,
	[ALG_HMAC_SHA1] = 3,
	[ALG_HMAC_SHA256] = 4,
	[ALG_HMAC_SHA256_96] = 4,
	[ALG_HMAC_SHA384] = 5,
	[ALG_HMAC_SHA512] = 6,
	[ALG_HMAC_RIPEMD160] = 7,
	[ALG_AES_XCBC_MAC] = 8,
	[ALG_AES_GMAC_AUTH] = 9, /* and 10, 11 for longer keys */
	[ALG_KEYED_MD5] = 12,
	[ALG_KEYED_SHA1] = 13,
	[ALG_NULL_AUTH] = 14,
	[ALG_TCP_MD5] = 15,
	[ALG_DEFLATE] = 3,
};

static unsigned int
hist_slot(const struct sa_spec *s)
{
	const struct alg *a = s->idx.proto == IPPROTO_ESP ? s->enc :
		s->idx.proto == IPPROTO_AH                ? s->auth :
							    s->comp;

	if (a == NULL)
		return 1; /* "none" */
	if (a->code == ALG_AES_GMAC_AUTH)
		return slots[a->code] + (s->authkey.len > 20u) + (s->authkey.len > 28u);
	return slots[a->code];
}

static bool
is_inbound(const struct sa_rt *rt)
{
	if (rt->dir != DIR_ANY)
		return rt->dir == DIR_IN;
	/* Neither end is ours: such an SA seals or opens, whichever its numbers say. */
	return atomic_load_explicit(&rt->seq, memory_order_relaxed) == 0;
}

static void
add_flow(struct totals_flow *to, const struct totals_flow *f)
{
	to->pkts += f->pkts;
	to->bytes += f->bytes;
}

void
totals_add(struct totals *t, struct sa *sa, unsigned int nworkers)
{
	const enum totals_proto p = totals_proto(sa->spec.idx.proto);
	const struct sa_rt *rt = sa->rt;
	struct totals_flow f = { 0 };
	const bool in = is_inbound(rt);

	if (p == TOTALS_PROTO_MAX)
		return;
	for (unsigned int i = 0; i < nworkers; i++) {
		f.pkts += __atomic_load_n(&rt->lc[i].pkts, __ATOMIC_RELAXED);
		f.bytes += __atomic_load_n(&rt->lc[i].bytes, __ATOMIC_RELAXED);
	}
	add_flow(in ? &t->in[p] : &t->out[p], &f);
	t->hist[p][hist_slot(&sa->spec)] += f.pkts;
	/* An SA of mode any is a tunnel once a policy has used it so, and remains one in the sums. */
	sa->tunnelled |= rt->mode == MODE_TUNNEL ||
		(rt->mode == MODE_ANY && in &&
			atomic_load_explicit(&rt->bound, memory_order_relaxed) != 0);
	if (sa->tunnelled)
		add_flow(in ? &t->tunnel_in : &t->tunnel_out, &f);
}
