/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP connections through tunnels begin with segments that fit (parameter mss_clamp). */
#include "dp/dp_hot.h"
#include "wire/tcp.h"

#define TCP_HDR_LEN 20u

static bool
is_tcp_start(const struct pkt_meta *meta)
{
	/* Of a fragment only the first shows the header, and a SYN is never one. */
	return meta->l4_proto == IPPROTO_TCP && (meta->flags & PKT_F_FRAG) == 0;
}

static void
clamp(const struct worker *w, struct rte_mbuf *m, unsigned int mtu)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int head =
		(meta->af == AF_INET ? sizeof(struct ip4) : sizeof(struct ip6)) + TCP_HDR_LEN;
	const int32_t knob = w->snap->knobs.mss_clamp;
	unsigned int max = mtu > head ? mtu - head : 0;

	if (knob > 1)
		max = (unsigned int)knob;
	/* Less than this no path has to be content with; a tunnel so narrow is cut otherwise. */
	max = RTE_MAX(max, meta->af == AF_INET ? 536u : 1220u);
	(void)tcp_clamp_mss(rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off), meta->l4_len,
		(uint16_t)RTE_MIN(max, (unsigned int)UINT16_MAX));
}

void
mss_out(struct worker *w, struct rte_mbuf *m, unsigned int mtu)
{
	const struct pkt_meta *meta = pkt_meta(m);

	/* Later steps of a bundle see what the first one has made. */
	if (is_tcp_start(meta) && (meta->step == 0 || (meta->flags & PKT_F_LOCAL_OUT) == 0))
		clamp(w, m, mtu);
}

/* What the far side may send us is what our own tunnel to it would take: the SA that it used tells. */
void
mss_in(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	const unsigned int more =
		(unsigned int)sa->hdr_len + sa->iv_len + sa->icv_len + sa->blk + 2u;
	const unsigned int mtu =
		meta->in_if < w->env.ports->niface ? w->env.ports->iface[meta->in_if].mtu : 0;

	if (is_tcp_start(meta) && (meta->flags & PKT_F_TUNNEL) != 0 && mtu > more)
		clamp(w, m, mtu - more);
}
