/* SPDX-License-Identifier: BSD-2-Clause */
/* Outbound SAs by address, for transport mode requests without addresses: a lock-free rte_hash. */
#include <errno.h>
#include <string.h>

#include <rte_hash_crc.h>

#include "snap/snap_priv.h"

/* Each SA stands under its own reqid, and under 0 for requests that ask for none. */
#define ROWS_PER_SA 2u

int
outsa_init(struct snap *s, struct err *err)
{
	const struct rte_hash_parameters param = {
		.name = "outsa",
		/* As many SAs as the SAD has room for. */
		.entries = RTE_MAX(ROWS_PER_SA * 2 * s->conf.max_sa, 8u),
		.key_len = sizeof(struct outsa_key),
		.hash_func = rte_hash_crc,
		.socket_id = s->conf.socket,
		.extra_flag =
			RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte_hash_rcu_config rcu = { .v = s->qs, .mode = RTE_HASH_QSBR_MODE_DQ };

	s->outsa = rte_hash_create(&param);
	if (s->outsa == NULL || rte_hash_rcu_qsbr_add(s->outsa, &rcu) != 0)
		return err_set(err, -ENOMEM, "no memory for a table of %u SAs", s->conf.max_sa);
	return 0;
}

/* An SA that is on its way into the database, or out of it, has no twin that could be used. */
static struct sa_rt *
best(struct snap *s, const struct saidx *idx, uint32_t reqid)
{
	const struct sp_req req = { .proto = idx->proto, .mode = MODE_TRANSPORT, .reqid = reqid };
	struct addr src = idx->src, dst = idx->dst;
	const struct sa *sa;
	struct sa_rt *rt;

	/* Packets have no port of the outer UDP header yet: any of these SAs will do. */
	src.port_be = dst.port_be = 0;
	sa = sad_choose(&s->kd->sad, &req, &src, &dst, s->outsa_old_first);
	rt = sa != NULL ? sa->rt : NULL;
	return rt != NULL && rt->dir != DIR_IN ? rt : NULL;
}

static int
put(struct snap *s, const struct saidx *idx, uint32_t reqid)
{
	struct outsa_key key = { .reqid = reqid, .proto = idx->proto, .af = idx->src.af };
	struct sa_rt *rt = best(s, idx, reqid);

	memcpy(key.src, idx->src.b, sizeof(key.src));
	memcpy(key.dst, idx->dst.b, sizeof(key.dst));
	if (rt != NULL)
		return rte_hash_add_key_data(s->outsa, &key, rt);
	(void)rte_hash_del_key(s->outsa, &key);
	return 0;
}

int
outsa_update(struct snap *s, const struct saidx *idx)
{
	int ret = put(s, idx, 0);

	if (ret == 0 && idx->reqid != 0)
		ret = put(s, idx, idx->reqid);
	return ret;
}

void
outsa_sync(struct snap *s)
{
	const bool old_first = s->knobs.prefer_oldsa != 0;
	struct sa *sa;

	if (old_first == s->outsa_old_first)
		return;
	s->outsa_old_first = old_first;
	/* Every row exists already, so there is room for it. */
	TAILQ_FOREACH (sa, &s->kd->sad.all, link)
		(void)outsa_update(s, &sa->spec.idx);
}

struct sa_rt *
outsa_lookup(const struct snapshot *s, const struct outsa_key *key)
{
	void *rt;

	return rte_hash_lookup_data(s->outsa, key, &rt) >= 0 ? rt : NULL;
}
