/* SPDX-License-Identifier: BSD-2-Clause */
/* The SAD as workers see it: a lock-free rte_hash; QSBR frees its slots. */
#include <errno.h>
#include <string.h>

#include <rte_hash_crc.h>

#include "snap/snap_priv.h"

static struct sad_key
key_of(const struct sa *sa)
{
	struct sad_key key = {
		.spi_be = rte_cpu_to_be_32(sa->spec.spi),
		.proto = sa->spec.idx.proto,
		.af = sa->spec.idx.dst.af,
	};

	memcpy(key.dst, sa->spec.idx.dst.b, sizeof(key.dst));
	return key;
}

int
sadtbl_init(struct snap *s, struct err *err)
{
	const struct rte_hash_parameters param = {
		.name = "sad",
		/* A reload adds all new SAs before it deletes old ones. And rte_hash takes no less than 8. */
		.entries = RTE_MAX(2 * s->conf.max_sa, 8u),
		.key_len = sizeof(struct sad_key),
		.hash_func = rte_hash_crc,
		.socket_id = s->conf.socket,
		.extra_flag =
			RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	/* DQ: freed slots wait in a queue of the table's; SYNC would make control wait for workers. */
	struct rte_hash_rcu_config rcu = { .v = s->qs, .mode = RTE_HASH_QSBR_MODE_DQ };

	s->sad = rte_hash_create(&param);
	if (s->sad == NULL || rte_hash_rcu_qsbr_add(s->sad, &rcu) != 0)
		return err_set(err, -ENOMEM, "no memory for a table of %u SAs", s->conf.max_sa);
	return 0;
}

int
sadtbl_add(struct snap *s, const struct sa *sa)
{
	const struct sad_key key = key_of(sa);

	return rte_hash_add_key_data(s->sad, &key, sa->rt);
}

void
sadtbl_del(struct snap *s, const struct sa *sa)
{
	const struct sad_key key = key_of(sa);
	void *rt;

	if (rte_hash_lookup_data(s->sad, &key, &rt) >= 0 && rt == sa->rt)
		(void)rte_hash_del_key(s->sad, &key);
}

struct sa_rt *
sadtbl_lookup(const struct snapshot *s, const struct sad_key *key)
{
	void *rt;

	return rte_hash_lookup_data(s->sad, key, &rt) >= 0 ? rt : NULL;
}
