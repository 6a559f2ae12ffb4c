/* SPDX-License-Identifier: BSD-2-Clause */
/* The SAD as workers see it: a lock-free rte_hash; QSBR frees its slots. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_hash_crc.h>

#include "snap/snap_priv.h"

/* On the wire IPComp says which algorithm it is, unless the SA has a CPI of its own (RFC 3173 3.3). */
static uint32_t
wire_spi(const struct sa_spec *spec)
{
	if (spec->idx.proto != IPPROTO_IPCOMP)
		return spec->spi;
	/* setkey -R takes any SPI; its lower half is what packets carry, as NetBSD has it. */
	return (spec->flags & SA_F_RAWCPI) != 0 ? spec->spi & UINT16_MAX : spec->comp->id;
}

static struct sad_key
key_of(const struct sa *sa)
{
	const struct sa_spec *spec = &sa->spec;
	struct sad_key key = {
		.spi_be = rte_cpu_to_be_32(wire_spi(spec)),
		.proto = spec->idx.proto,
		.af = spec->idx.dst.af,
		.port_be = sa_spec_port(spec),
	};

	memcpy(key.dst, spec->idx.dst.b, sizeof(key.dst));
	if (key.proto == IPPROTO_IPCOMP && wire_spi(spec) < CPI_WELL_KNOWN)
		memcpy(key.src, spec->idx.src.b, sizeof(key.src));
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

/* Several IPComp SAs of one peer have one name on the wire, and the newest answers to it. */
static const struct sa *
heir(struct snap *s, const struct sa *sa, const struct sad_key *key)
{
	const struct saidx *idx = &sa->spec.idx;
	struct sa *other = NULL;
	struct sad_key its;

	if (idx->proto != IPPROTO_IPCOMP)
		return NULL;
	while ((other = sad_next_between(&s->kd->sad, idx, other)) != NULL) {
		its = key_of(other);
		if (other != sa && other->rt != NULL && memcmp(&its, key, sizeof(its)) == 0)
			return other;
	}
	return NULL;
}

void
sadtbl_del(struct snap *s, const struct sa *sa)
{
	const struct sad_key key = key_of(sa);
	const struct sa *next;
	void *rt;

	if (rte_hash_lookup_data(s->sad, &key, &rt) < 0 || rt != sa->rt)
		return;
	next = heir(s, sa, &key);
	/* The key is there, so that giving it another value takes no room. */
	if (next == NULL || rte_hash_add_key_data(s->sad, &key, next->rt) != 0)
		(void)rte_hash_del_key(s->sad, &key);
}

struct sa_rt *
sadtbl_lookup(const struct snapshot *s, const struct sad_key *key)
{
	void *rt;

	return rte_hash_lookup_data(s->sad, key, &rt) >= 0 ? rt : NULL;
}
