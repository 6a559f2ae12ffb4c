/* SPDX-License-Identifier: BSD-2-Clause */
/* Compression as one more engine behind crypto.h. */
#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "crypto/comp.h"
#include "crypto/crypto_priv.h"

static int
open_sa(struct crypto *c, struct sa_rt *sa, const struct sa_spec *spec, struct err *err)
{
	if (c->comp == NULL)
		return err_set(err, -EOPNOTSUPP,
			"ipcomp is not offered, for there is no compression device");
	if (spec->comp->code != ALG_DEFLATE)
		return err_set(
			err, -EOPNOTSUPP, "no compression device offers %s", spec->comp->name);
	sa->ses = NULL; /* the transforms are the lane's: they have no key */
	return 0;
}

static void
close_sa(struct crypto *c, struct sa_rt *sa)
{
	(void)c;
	(void)sa;
}

static uint16_t
submit(struct lane *lane, uint16_t first, struct rte_mbuf **m, uint16_t n)
{
	return comp_submit(lane, lane->crypto->comp, first, m, n);
}

static void
poll(struct lane *lane, struct pvec *done)
{
	comp_poll(lane, lane->crypto->comp, done);
}

void
crypto_comp_note(struct lane *lane, enum comp_left why)
{
	comp_note(lane, lane->crypto->comp, why);
}

void
crypto_comp_left(const struct crypto *c, uint64_t left[COMP_LEFT_MAX])
{
	memset(left, 0, COMP_LEFT_MAX * sizeof(*left));
	if (c->comp != NULL)
		comp_left_sum(c->comp, left);
}

bool
crypto_offers_comp(const struct crypto *c, const struct alg *comp)
{
	return c->comp != NULL && comp != NULL && comp->code == ALG_DEFLATE;
}

bool
comp_drain(struct lane *lane)
{
	const uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() / 4;
	struct pvec done;

	while (comp_inflight(lane->crypto->comp) > 0) {
		done.n = 0;
		comp_poll(lane, lane->crypto->comp, &done);
		rte_pktmbuf_free_bulk(done.m, done.n);
		if (rte_get_timer_cycles() > end)
			return false;
	}
	return true;
}

const struct crypto_ops crypto_comp = {
	.name = "compressdev",
	.sa_open = open_sa,
	.sa_close = close_sa,
	.submit = submit,
	.poll = poll,
};
