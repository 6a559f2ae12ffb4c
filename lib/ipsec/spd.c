/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "ipsec/sp.h"

void
spd_init(struct spd *spd)
{
	*spd = (struct spd){ .next_id = 1 };
	for (size_t i = 0; i < ARRAY_LEN(spd->list); i++)
		TAILQ_INIT(&spd->list[i]);
}

void
spd_fini(struct spd *spd)
{
	struct sp *next;

	for (size_t i = 0; i < ARRAY_LEN(spd->list); i++) {
		for (struct sp *sp = TAILQ_FIRST(&spd->list[i]); sp != NULL; sp = next) {
			next = TAILQ_NEXT(sp, link);
			spd->n--;
			sp_free(spd, sp);
		}
		TAILQ_INIT(&spd->list[i]);
	}
}

static int
req_check(const struct sp_req *r, unsigned int n, struct err *err)
{
	if (r->proto != IPPROTO_ESP && r->proto != IPPROTO_AH && r->proto != IPPROTO_IPCOMP)
		return err_set(err, -EPROTONOSUPPORT,
			"request %u: protocol %u is not esp, ah or ipcomp", n, r->proto);
	if (r->mode != MODE_TRANSPORT && r->mode != MODE_TUNNEL)
		return err_set(err, -EINVAL, "request %u: mode must be transport or tunnel", n);
	if (r->level > LEVEL_UNIQUE)
		return err_set(err, -EINVAL, "request %u: unknown level %u", n, r->level);
	if (r->level != LEVEL_UNIQUE && r->reqid != 0)
		return err_set(err, -EINVAL, "request %u: only unique takes a number", n);
	if (r->src.af != r->dst.af)
		return err_set(err, -EINVAL, "request %u: end points are of different families", n);
	if (r->mode == MODE_TUNNEL && r->src.af == 0)
		return err_set(err, -EINVAL, "request %u: a tunnel needs both end points", n);
	if (r->mode == MODE_TUNNEL && (addr_is_any(&r->src) || addr_is_any(&r->dst)))
		return err_set(err, -EINVAL, "request %u: a tunnel end point cannot be 0", n);
	return 0;
}

int
sp_spec_check(const struct sp_spec *spec, struct err *err)
{
	const struct selector *sel = &spec->sel;
	int ret;

	if (sel->dir != DIR_IN && sel->dir != DIR_OUT)
		return err_set(err, -EINVAL, "direction must be in or out");
	if (addr_len(&sel->src) == 0 || sel->src.af != sel->dst.af)
		return err_set(err, -EINVAL, "source and destination are of different families");
	if (sel->src.plen > addr_full_plen(&sel->src) || sel->dst.plen > addr_full_plen(&sel->dst))
		return err_set(err, -EINVAL, "prefix length too large for the family");
	if (spec->action > SP_IPSEC)
		return err_set(err, -EINVAL, "entrust and bypass are for sockets only");
	if (spec->action != SP_IPSEC && spec->nreq > 0)
		return err_set(err, -EINVAL, "only ipsec policies have requests");
	if (spec->action == SP_IPSEC && (spec->nreq == 0 || spec->nreq > SP_REQ_MAX))
		return err_set(err, -EINVAL, "an ipsec policy has 1 to %u requests, not %u",
			SP_REQ_MAX, spec->nreq);
	for (unsigned int i = 0; i < spec->nreq; i++) {
		ret = req_check(&spec->req[i], i + 1, err);
		if (ret != 0)
			return ret;
	}
	return 0;
}

static uint32_t
fresh_id(struct spd *spd)
{
	do {
		spd->next_id = spd->next_id == 0 ? 1 : spd->next_id;
	} while (spd_find_id(spd, spd->next_id++) != NULL);
	return spd->next_id - 1;
}

int
spd_add(struct spd *spd, const struct sp_spec *spec, uint64_t now_s, struct sp **out)
{
	struct sp *sp;

	if (spd_find_selector(spd, &spec->sel) != NULL)
		return -EEXIST;
	sp = calloc(1, sizeof(*sp));
	if (sp == NULL)
		return -ENOMEM;
	sp->id = fresh_id(spd);
	sp->spec = *spec;
	addr_mask(&sp->spec.sel.src);
	addr_mask(&sp->spec.sel.dst);
	sp->created_s = now_s;
	TAILQ_INSERT_TAIL(&spd->list[spec->sel.dir], sp, link);
	spd->n++;
	spd->created++;
	*out = sp;
	return 0;
}

void
spd_unlink(struct spd *spd, struct sp *sp)
{
	TAILQ_REMOVE(&spd->list[sp->spec.sel.dir], sp, link);
	spd->n--;
}

void
sp_free(struct spd *spd, struct sp *sp)
{
	spd->destroyed++;
	free(sp);
}

struct sp *
spd_find_id(struct spd *spd, uint32_t id)
{
	struct sp *sp;

	for (size_t i = 0; i < ARRAY_LEN(spd->list); i++) {
		TAILQ_FOREACH (sp, &spd->list[i], link) {
			if (sp->id == id)
				return sp;
		}
	}
	return NULL;
}

struct sp *
spd_find_selector(struct spd *spd, const struct selector *sel)
{
	struct selector want = *sel;
	struct sp *sp;

	if (sel->dir >= ARRAY_LEN(spd->list))
		return NULL;
	addr_mask(&want.src);
	addr_mask(&want.dst);
	TAILQ_FOREACH (sp, &spd->list[sel->dir], link) {
		if (selector_eq(&sp->spec.sel, &want))
			return sp;
	}
	return NULL;
}

struct sp *
spd_lookup(struct spd *spd, enum sp_dir dir, const struct selector_pkt *p)
{
	struct sp *sp;

	TAILQ_FOREACH (sp, &spd->list[dir], link) {
		if (selector_match(&sp->spec.sel, p))
			return sp;
	}
	return NULL;
}
