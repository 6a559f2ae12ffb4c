/* SPDX-License-Identifier: BSD-2-Clause */
/* Path MTU per outbound SA: learnt from ICMP, lowered only, forgotten after a while (RFC 4301 8.2). */
#include <errno.h>
#include <netinet/in.h>

#include "snap/snap_priv.h"

#define KEEP_MS 600000u /* RFC 8201 4: ten minutes, then a larger one may be tried again */
#define MIN4    576u /* what a forger can bring us down to at most */
#define MIN6    1280u

/* The SA that would have sent this packet: its name is a secret of the path at best. */
static struct sa_rt *
find(struct snap *s, const struct pmtu_msg *msg)
{
	const struct sa *sa = sad_find(&s->kd->sad, msg->spi, msg->proto, &msg->dst);
	struct sa_rt *rt = sa != NULL ? sa->rt : NULL;

	if (rt == NULL || rt->dir == DIR_IN || !addr_eq(&sa->spec.idx.src, &msg->src))
		return NULL;
	if (((rt->opts & SA_RT_NATT) != 0) != (msg->dst.port_be != 0))
		return NULL;
	return rt;
}

int
snap_pmtu_learn(struct snap *s, const struct pmtu_msg *msg, uint64_t now_ms)
{
	struct sa_rt *rt = find(s, msg);
	const uint32_t min = msg->dst.af == AF_INET6 ? MIN6 : MIN4;
	const uint32_t mtu = msg->mtu > min ? msg->mtu : min;
	uint16_t old;

	if (rt == NULL)
		return -ENOENT;
	old = atomic_load_explicit(&rt->pmtu, memory_order_relaxed);
	if (mtu > UINT16_MAX || (old != 0 && old < mtu))
		return -EALREADY;
	rt->pmtu_ms = now_ms;
	/* Workers load it relaxed for each packet: nothing else hangs on it. */
	atomic_store_explicit(&rt->pmtu, (uint16_t)mtu, memory_order_relaxed);
	return 0;
}

void
snap_pmtu_age(struct snap *s, uint64_t now_ms)
{
	const struct sa *sa;

	if (s->kd == NULL)
		return;
	TAILQ_FOREACH (sa, &s->kd->sad.all, link) {
		struct sa_rt *rt = sa->rt;

		if (rt != NULL && atomic_load_explicit(&rt->pmtu, memory_order_relaxed) != 0 &&
			now_ms - rt->pmtu_ms >= KEEP_MS)
			atomic_store_explicit(&rt->pmtu, 0, memory_order_relaxed);
	}
}
