/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the dead wait until no worker can see them: grace, then drain, then free. */
#include <stdlib.h>

#include "base/log.h"
#include "snap/snap_priv.h"

void
limbo_add(struct snap *s, enum limbo_kind kind, void *obj)
{
	struct limbo *l = calloc(1, sizeof(*l));

	/* Freeing without grace would be a use after free; so this one object stays for ever. */
	if (l == NULL) {
		log_err("no memory to retire an object: it is leaked");
		return;
	}
	l->kind = kind;
	l->obj = obj;
	TAILQ_INSERT_TAIL(&s->limbo, l, link);
	s->nlimbo++;
}

void
limbo_start(struct snap *s)
{
	const uint64_t token = rte_rcu_qsbr_start(s->qs);
	struct limbo *l;

	TAILQ_FOREACH (l, &s->limbo, link) {
		if (!l->started) {
			l->started = true;
			l->token = token;
		}
	}
}

void
snapshot_free(struct snapshot *snap)
{
	classifier_put(snap->cls);
	free(snap);
}

static void
release(struct snap *s, struct limbo *l)
{
	TAILQ_REMOVE(&s->limbo, l, link);
	s->nlimbo--;
	switch (l->kind) {
	case LIMBO_SNAPSHOT:
		snapshot_free(l->obj);
		break;
	case LIMBO_SA:
		install_free_sa(s, l->obj);
		break;
	case LIMBO_SP:
		install_free_sp(s, l->obj);
		break;
	case LIMBO_NH:
		nh_release(s, l->obj);
		break;
	}
	free(l);
}

/*
 * An SA also waits for its packets inside an asynchronous engine: they outlive the grace period. The
 * last of them is counted out when it is polled, but the worker goes on with it, and with its SA, to
 * the end of that step: hence a second grace.
 */
static bool
is_over(struct snap *s, struct limbo *l)
{
	if (!l->started || rte_rcu_qsbr_check(s->qs, l->token, false) != 1)
		return false;
	if (l->kind != LIMBO_SA || l->drained)
		return true;
	if (!install_sa_idle(s, l->obj))
		return false;
	l->drained = true;
	l->token = rte_rcu_qsbr_start(s->qs);
	return rte_rcu_qsbr_check(s->qs, l->token, false) == 1;
}

void
snap_add_dying(const struct snap *s, struct totals *t)
{
	const struct limbo *l;

	TAILQ_FOREACH (l, &s->limbo, link) {
		if (l->kind == LIMBO_SA)
			totals_add(t, l->obj, s->conf.nworkers);
	}
}

const struct totals *
snap_retired(const struct snap *s)
{
	return &s->retired;
}

unsigned int
snap_reclaim(struct snap *s)
{
	struct limbo *next;

	for (struct limbo *l = TAILQ_FIRST(&s->limbo); l != NULL; l = next) {
		next = TAILQ_NEXT(l, link);
		if (is_over(s, l))
			release(s, l);
	}
	return s->nlimbo;
}

void
snap_drain(struct snap *s)
{
	struct limbo *next;

	for (struct limbo *l = TAILQ_FIRST(&s->limbo); l != NULL; l = next) {
		next = TAILQ_NEXT(l, link);
		release(s, l);
	}
}
