/* SPDX-License-Identifier: BSD-2-Clause */
#include "snap/snap.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_malloc.h>

#include "snap/snap_priv.h"

struct snap *
snap_new(const struct snap_conf *conf, struct err *err)
{
	struct snap *s = calloc(1, sizeof(*s));
	const struct knobs knobs = KNOBS_INIT;

	if (s == NULL) {
		(void)err_set(err, -ENOMEM, "no memory for the snapshots");
		return NULL;
	}
	s->conf = *conf;
	s->knobs = knobs;
	TAILQ_INIT(&s->limbo);
	s->qs = rte_zmalloc_socket("qsbr", rte_rcu_qsbr_get_memsize(conf->nworkers),
		RTE_CACHE_LINE_SIZE, conf->socket);
	if (s->qs == NULL || rte_rcu_qsbr_init(s->qs, conf->nworkers) != 0) {
		(void)err_set(err, -ENOMEM, "no memory for the snapshots");
		snap_free(s);
		return NULL;
	}
	if (fib_init(s, err) != 0 || nh_init(s, err) != 0 || sadtbl_init(s, err) != 0 ||
		outsa_init(s, err) != 0 || nattport_init(s, err) != 0) {
		snap_free(s);
		return NULL;
	}
	return s;
}

void
snap_free(struct snap *s)
{
	if (s == NULL)
		return;
	snap_drain(s);
	if (s->published != NULL)
		snapshot_free(s->published);
	classifier_put(s->cls);
	rte_hash_free(s->sad);
	rte_hash_free(s->outsa);
	nattport_fini(s);
	fib_fini(s);
	nh_fini(s);
	rte_free(s->qs);
	free(s->slot);
	free(s->slot_gen);
	free(s);
}

const struct snapshot *_Atomic *
snap_current(struct snap *s)
{
	return &s->current;
}

struct rte_rcu_qsbr *
snap_qsbr(struct snap *s)
{
	return s->qs;
}

void
snap_set_keyd(struct snap *s, struct keyd *kd)
{
	s->kd = kd;
}

struct knobs *
snap_knobs(struct snap *s)
{
	return &s->knobs;
}

void
snap_set_ready(struct snap *s, bool ready)
{
	s->ready = ready;
	s->is_dirty = true;
}

bool
snap_is_dirty(const struct snap *s)
{
	return s->is_dirty;
}

void
snap_touch(struct snap *s)
{
	s->is_dirty = true;
}

static void
fill(struct snap *s, struct snapshot *n)
{
	const struct classifier *c = s->cls;

	s->gen = s->gen == UINT32_MAX ? 1 : s->gen + 1;
	n->gen = s->gen;
	n->ready = s->ready;
	n->knobs = s->knobs;
	n->sp = c->sp;
	n->nsp = c->nsp;
	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++) {
		n->acl[dir][0] = c->acl[dir][0];
		n->acl[dir][1] = c->acl[dir][1];
		n->order[dir] = c->order[dir];
		n->norder[dir] = c->norder[dir];
	}
	n->fib4 = s->fib4;
	n->fib6 = s->fib6;
	n->nh = s->nh;
	n->ports = s->conf.ports;
	n->sad = s->sad;
	n->outsa = s->outsa;
	n->natt_port = s->natt_port;
	n->has_natt = s->nnatt > 0;
	n->cls = s->cls;
	s->cls->refs++;
}

int
snap_prepare(struct snap *s, struct err *err)
{
	struct classifier *cls;
	int ret;

	if (s->cls == NULL || (s->spd_dirty && !classifier_is_current(s))) {
		ret = classifier_build(s, &cls, err);
		if (ret != 0)
			return ret;
		classifier_put(s->cls);
		s->cls = cls;
	}
	s->spd_dirty = false;
	return 0;
}

int
snap_commit(struct snap *s, struct err *err)
{
	struct snapshot *n =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(sizeof(*n), RTE_CACHE_LINE_SIZE));
	struct snapshot *old;
	int ret;

	if (n == NULL)
		return err_set(err, -ENOMEM, "no memory for a snapshot");
	*n = (struct snapshot){ 0 };
	ret = snap_prepare(s, err);
	if (ret != 0) {
		free(n);
		return ret;
	}
	outsa_sync(s);
	install_resolve(s);
	fill(s, n);
	old = s->published;
	s->published = n;
	/* Pairs with the acquire load in worker_begin(). */
	atomic_store_explicit(&s->current, n, memory_order_release);
	if (old != NULL)
		limbo_add(s, LIMBO_SNAPSHOT, old);
	limbo_start(s);
	s->is_dirty = false;
	return 0;
}
