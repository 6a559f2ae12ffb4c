/* SPDX-License-Identifier: BSD-2-Clause */
/* Cold records to hot twins: struct sa -> sa_rt, struct sp -> sp_rt, and which SA a policy uses. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <rte_malloc.h>

#include "base/log.h"
#include "snap/snap_priv.h"
#include "xform/xform.h"

static bool
is_ours(const struct portset *ports, const struct addr *a)
{
	for (unsigned int i = 0; i < ports->niface; i++) {
		for (unsigned int k = 0; k < ports->iface[i].naddr; k++) {
			if (addr_eq(&ports->iface[i].addr[k], a))
				return true;
		}
	}
	return false;
}

/* A gateway in between, which protects the packets of others in transport mode, is neither end. */
static enum sp_dir
dir_of(const struct portset *ports, const struct saidx *idx)
{
	if (is_ours(ports, &idx->dst))
		return DIR_IN;
	return is_ours(ports, &idx->src) ? DIR_OUT : DIR_ANY;
}

/* Both tables, or none. */
static int
sa_list(struct snap *s, struct sa *sa)
{
	int ret = sadtbl_add(s, sa);

	if (ret != 0)
		return ret;
	ret = outsa_update(s, &sa->spec.idx);
	if (ret == 0) {
		nattport_add(s, sa);
		return 0;
	}
	sadtbl_del(s, sa);
	sa->rt = NULL;
	(void)outsa_update(s, &sa->spec.idx);
	return ret;
}

/* keyd takes such an SA only when it was told to. */
static void
warn_legacy(const struct sa_spec *spec)
{
	const char *what = sa_spec_legacy(spec);

	if (what != NULL)
		log_warn("%s SA with SPI %u uses %s: not secure (RFC 8221)",
			proto_name(spec->idx.proto), spec->spi, what);
}

static int
sa_install(void *arg, struct sa *sa, struct err *err)
{
	struct snap *s = arg;
	const struct xform_ops *xf = xform_find(sa->spec.idx.proto);
	struct sa_rt *rt;
	int ret;

	if (xf == NULL)
		return err_set(err, -EOPNOTSUPP, "%s is not supported yet",
			proto_name(sa->spec.idx.proto));
	rt = rte_zmalloc_socket("sa_rt", sizeof(*rt) + s->conf.nworkers * sizeof(struct sa_lc),
		RTE_CACHE_LINE_SIZE, s->conf.socket);
	if (rt == NULL)
		return err_set(err, -ENOMEM, "no memory for another SA");
	ret = xf->sa_init(rt, &sa->spec, &s->knobs, err);
	if (ret != 0)
		goto err_rt;
	rt->xf = xf;
	rt->rec = sa;
	rt->slot = ++s->next_sa_slot;
	rt->dir = dir_of(s->conf.ports, &sa->spec.idx);
	atomic_store_explicit(&rt->state, (uint8_t)sa->state, memory_order_relaxed);
	ret = crypto_sa_open(s->conf.crypto, rt, &sa->spec, s->knobs.crypto_support, err);
	if (ret != 0)
		goto err_xf;
	sa->rt = rt;
	s->is_dirty = true;
	ret = sa_list(s, sa);
	if (ret == 0) {
		warn_legacy(&sa->spec);
		return 0;
	}
	sa->rt = NULL;
	(void)err_set(err, ret, "the table of %u SAs is full", s->conf.max_sa);
	crypto_sa_close(s->conf.crypto, rt);
err_xf:
	xf->sa_fini(rt);
err_rt:
	rte_free(rt);
	return ret;
}

static void
sa_remove(void *arg, struct sa *sa)
{
	struct snap *s = arg;
	struct sa_rt *rt = sa->rt;

	atomic_store_explicit(&rt->state, SA_DEAD, memory_order_relaxed);
	sadtbl_del(s, sa);
	nattport_del(s, sa);
	/* It is out of the database already: whoever is next takes its rows. */
	(void)outsa_update(s, &sa->spec.idx);
	s->is_dirty = true;
	limbo_add(s, LIMBO_SA, sa);
}

bool
install_sa_idle(const struct snap *s, const struct sa *sa)
{
	const struct sa_rt *rt = sa->rt;
	uint32_t n = 0;

	for (unsigned int i = 0; i < s->conf.nworkers; i++)
		n += __atomic_load_n(&rt->lc[i].inflight, __ATOMIC_RELAXED);
	return n == 0;
}

void
install_free_sa(struct snap *s, struct sa *sa)
{
	struct sa_rt *rt = sa->rt;

	/* What it has done stays in the sums. */
	totals_add(&s->retired, sa, s->conf.nworkers);
	crypto_sa_close(s->conf.crypto, rt);
	rt->xf->sa_fini(rt);
	rte_free(rt);
	sa->rt = NULL;
	keyd_sa_released(s->kd, sa);
}

/* Level default is what the four deflev parameters of the policy's family say (ipsec(4)). */
static uint8_t
resolve_level(const struct knobs *knobs, const struct sp_req *req, uint8_t af)
{
	const struct knobs_af *k = &knobs->af[af == AF_INET6 ? KNOBS_V6 : KNOBS_V4];
	const bool tunnel = req->mode == MODE_TUNNEL;
	int32_t v;

	if (req->level != LEVEL_DEFAULT)
		return req->level;
	if (req->proto == IPPROTO_ESP)
		v = tunnel ? k->esp_net_deflev : k->esp_trans_deflev;
	else if (req->proto == IPPROTO_AH)
		v = tunnel ? k->ah_net_deflev : k->ah_trans_deflev;
	else
		v = LEVEL_USE;
	return (uint8_t)v;
}

/* A slot for a new policy: an index that packets in engines may remember, with a generation. */
static int
take_slot(struct snap *s, struct sp_rt *rt)
{
	uint32_t i = 0;

	while (i < s->nslot && s->slot[i] != NULL)
		i++;
	if (i == s->nslot) {
		uint32_t n = s->nslot == 0 ? 64 : s->nslot * 2;
		struct sp_rt **slot = realloc(s->slot, n * sizeof(struct sp_rt *));
		uint8_t *gen;

		if (slot == NULL)
			return -ENOMEM;
		s->slot = slot;
		gen = realloc(s->slot_gen, n);
		if (gen == NULL)
			return -ENOMEM;
		s->slot_gen = gen;
		for (uint32_t k = s->nslot; k < n; k++) {
			slot[k] = NULL;
			gen[k] = 0;
		}
		s->nslot = n;
	}
	s->slot[i] = rt;
	s->slot_gen[i] = s->slot_gen[i] == UINT8_MAX ? 1 : (uint8_t)(s->slot_gen[i] + 1);
	rt->slot = i;
	rt->gen = s->slot_gen[i];
	return 0;
}

static int
sp_install(void *arg, struct sp *sp, struct err *err)
{
	struct snap *s = arg;
	struct sp_rt *rt =
		rte_zmalloc_socket("sp_rt", sizeof(*rt) + s->conf.nworkers * sizeof(struct sp_lc),
			RTE_CACHE_LINE_SIZE, s->conf.socket);

	if (rt == NULL || take_slot(s, rt) != 0) {
		rte_free(rt);
		return err_set(err, -ENOMEM, "no memory for another policy");
	}
	rt->id = sp->id;
	rt->action = sp->spec.action;
	rt->nreq = sp->spec.nreq;
	rt->dir = sp->spec.sel.dir;
	rt->rec = sp;
	rt->sel = sp->spec.sel;
	for (unsigned int i = 0; i < rt->nreq; i++)
		rt->step[i].req = sp->spec.req[i];
	sp->rt = rt;
	s->spd_dirty = true;
	s->is_dirty = true;
	return 0;
}

static void
sp_remove(void *arg, struct sp *sp)
{
	struct snap *s = arg;

	s->spd_dirty = true;
	s->is_dirty = true;
	limbo_add(s, LIMBO_SP, sp);
}

static int
sp_prepare(void *arg, struct err *err)
{
	return snap_prepare(arg, err);
}

void
install_free_sp(struct snap *s, struct sp *sp)
{
	struct sp_rt *rt = sp->rt;

	s->slot[rt->slot] = NULL;
	rte_free(rt);
	sp->rt = NULL;
	keyd_sp_released(s->kd, sp);
}

/* The SA of one outbound step; inbound steps are checked against what opened the packet instead. */
static struct sa *
choose(struct snap *s, const struct sp *sp, const struct sp_req *req)
{
	struct sa *sa;
	const struct sa_rt *rt;

	if (sp->spec.sel.dir == DIR_IN || req->src.af == 0)
		return NULL;
	sa = sad_choose(&s->kd->sad, req, &req->src, &req->dst, s->knobs.prefer_oldsa != 0);
	rt = sa != NULL ? sa->rt : NULL;
	return rt != NULL && rt->dir != DIR_IN ? sa : NULL;
}

static void
resolve_steps(struct snap *s, const struct sp *sp)
{
	struct sp_rt *rt = sp->rt;

	for (unsigned int i = 0; i < rt->nreq; i++) {
		const struct sp_req *req = &sp->spec.req[i];
		struct sa *sa = choose(s, sp, req);

		atomic_store_explicit(&rt->step[i].level,
			resolve_level(&s->knobs, req, sp->spec.sel.src.af), memory_order_relaxed);
		if (sa != NULL && req->mode == MODE_TUNNEL)
			sa->tunnelled = true;
		/* Pairs with the acquire load of out_resolve() in dp. */
		atomic_store_explicit(
			&rt->step[i].sa, sa != NULL ? sa->rt : NULL, memory_order_release);
	}
}

/* The inbound SAs that a policy's tunnel names: what they carry must be what the policies say. */
static void
mark_bound(struct snap *s, const struct sp *sp)
{
	for (unsigned int i = 0; i < sp->spec.nreq; i++) {
		const struct sp_req *req = &sp->spec.req[i];
		const struct saidx idx = { .proto = req->proto, .src = req->src, .dst = req->dst };
		struct sa *sa = NULL;

		if (req->mode != MODE_TUNNEL)
			continue;
		while ((sa = sad_next_between(&s->kd->sad, &idx, sa)) != NULL) {
			if (req->reqid == 0 || req->reqid == sa->spec.idx.reqid)
				sa->mark = s->mark;
		}
	}
}

static void
resolve_bound(struct snap *s)
{
	struct sp *sp;
	struct sa *sa;

	s->mark++;
	TAILQ_FOREACH (sp, &s->kd->spd.list[DIR_IN], link)
		mark_bound(s, sp);
	TAILQ_FOREACH (sa, &s->kd->sad.all, link) {
		struct sa_rt *rt = sa->rt;

		atomic_store_explicit(&rt->bound, sa->mark == s->mark, memory_order_relaxed);
	}
}

/* Give each step its level and, outbound, its SA: one store per step, no recompilation on rekey. */
void
install_resolve(struct snap *s)
{
	struct sp *sp;

	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++) {
		TAILQ_FOREACH (sp, &s->kd->spd.list[dir], link)
			resolve_steps(s, sp);
	}
	resolve_bound(s);
}

/* Resolution is redone at every commit: it is enough that there will be one. */
static void
sa_changed(void *arg)
{
	struct snap *s = arg;

	s->is_dirty = true;
}

const struct keyd_dp_ops snap_dp_ops = {
	.sa_install = sa_install,
	.sa_remove = sa_remove,
	.sp_install = sp_install,
	.sp_remove = sp_remove,
	.sp_prepare = sp_prepare,
	.sa_changed = sa_changed,
};
