/* SPDX-License-Identifier: BSD-2-Clause */
#include "dp/model.h"

#include <netinet/in.h>
#include <string.h>

#define AMBIGUOUS ((const struct sp *)-1)

static const struct sp *
find_policy(struct keyd *kd, enum sp_dir dir, const struct model_pkt *p)
{
	struct selector_pkt portless = p->sel;
	struct sp *sp;

	if (!p->is_frag)
		return spd_lookup(&kd->spd, dir, &p->sel);
	TAILQ_FOREACH (sp, &kd->spd.list[dir], link) {
		struct selector s = sp->spec.sel;
		const bool has_ports = s.src.port_be != 0 || s.dst.port_be != 0;

		s.src.port_be = s.dst.port_be = 0;
		portless.has_ports = false;
		if (selector_match(&s, &portless))
			return has_ports ? AMBIGUOUS : sp;
	}
	return NULL;
}

static bool
default_is_none(const struct keyd *kd, const struct model_pkt *p)
{
	return kd->knobs->af[p->sel.src.af == AF_INET6 ? KNOBS_V6 : KNOBS_V4].def_policy == SP_NONE;
}

static bool
is_met(const struct sp_req *r, const struct sa *sa, bool transport)
{
	const struct saidx *idx = &sa->spec.idx;

	if (idx->proto != r->proto || transport != (r->mode == MODE_TRANSPORT))
		return false;
	if (r->src.af != 0 && !(addr_eq(&idx->src, &r->src) && addr_eq(&idx->dst, &r->dst)))
		return false;
	return r->level != LEVEL_UNIQUE || idx->reqid == r->reqid;
}

/* Peel requests off the list of SAs, from the innermost outwards. */
static bool
is_proven(const struct sp_spec *spec, struct sa *const *sa, const struct model_pkt *p)
{
	unsigned int n = p->depth;

	for (unsigned int i = 0; i < spec->nreq; i++) {
		const struct sp_req *r = &spec->req[i];

		if (n > 0 && is_met(r, sa[n - 1], p->tunnel[n - 1].transport))
			n--;
		else if (r->level != LEVEL_USE)
			return false;
	}
	return true;
}

/* @param src,dst  the packet's addresses when its turn comes */
static const struct sa *
newest(struct keyd *kd, const struct sp_req *r, const struct addr *src, const struct addr *dst)
{
	const struct sa *best = NULL;
	const struct sa *sa;

	TAILQ_FOREACH (sa, &kd->sad.all, link) {
		const struct saidx *idx = &sa->spec.idx;

		if (idx->proto == r->proto && addr_eq(&idx->src, src) && addr_eq(&idx->dst, dst) &&
			(idx->mode == MODE_ANY || idx->mode == r->mode) &&
			(r->level != LEVEL_UNIQUE || r->reqid == idx->reqid))
			best = sa;
	}
	return best;
}

static void
drop_as(struct model_answer *out, enum drop_reason r)
{
	out->verdict = MODEL_DROP;
	out->reason = r;
}

static void
protect(struct keyd *kd, const struct model_pkt *p, const struct sp_spec *spec,
	struct model_answer *out)
{
	struct addr src = p->sel.src, dst = p->sel.dst;
	bool whole = !p->is_piece;

	for (unsigned int i = 0; i < spec->nreq && out->verdict != MODEL_DROP; i++) {
		const struct sp_req *r = &spec->req[i];
		const bool tunnel = r->mode == MODE_TUNNEL;
		const struct sa *sa =
			newest(kd, r, tunnel ? &r->src : &src, tunnel ? &r->dst : &dst);

		if (sa == NULL) {
			if (r->level != LEVEL_USE)
				drop_as(out, DROP_OUT_NO_SA);
			continue;
		}
		if (tunnel) {
			src = r->src;
			dst = r->dst;
			whole = true;
		} else if (!whole) {
			drop_as(out, DROP_OUT_FRAG);
			continue;
		}
		out->spi[out->nspi++] = sa->spec.spi;
	}
}

static void
ask_out(struct keyd *kd, const struct model_pkt *p, struct model_answer *out)
{
	const struct sp *sp = find_policy(kd, DIR_OUT, p);

	out->verdict = MODEL_SEND;
	if (sp == AMBIGUOUS)
		drop_as(out, DROP_FRAG_PORTS);
	else if (sp == NULL ? !default_is_none(kd, p) : sp->spec.action == SP_DISCARD)
		drop_as(out, DROP_POLICY_OUT);
	else if (sp != NULL && sp->spec.action == SP_IPSEC)
		protect(kd, p, &sp->spec, out);
}

/* Some inbound policy names the tunnel of this SA. */
static bool
is_bound(struct keyd *kd, const struct sa *sa)
{
	const struct saidx *idx = &sa->spec.idx;
	const struct sp *sp;

	TAILQ_FOREACH (sp, &kd->spd.list[DIR_IN], link) {
		for (unsigned int i = 0; i < sp->spec.nreq; i++) {
			const struct sp_req *r = &sp->spec.req[i];

			if (r->mode == MODE_TUNNEL && idx->proto == r->proto &&
				addr_eq(&idx->src, &r->src) && addr_eq(&idx->dst, &r->dst) &&
				(r->reqid == 0 || r->reqid == idx->reqid))
				return true;
		}
	}
	return false;
}

/* @return DROP_MAX when the packet may enter */
static enum drop_reason
ask_in(struct keyd *kd, const struct model_pkt *p, const struct sp *sp, struct sa *const *sa)
{
	bool ok;

	if (sp == AMBIGUOUS)
		return DROP_FRAG_PORTS;
	if (sp == NULL && p->depth > 0 && !p->tunnel[p->depth - 1].transport &&
		is_bound(kd, sa[p->depth - 1]))
		return DROP_SEC_SELECTOR;
	if (sp == NULL)
		ok = default_is_none(kd, p);
	else
		ok = sp->spec.action == SP_NONE ||
			(sp->spec.action == SP_IPSEC && is_proven(&sp->spec, sa, p));
	return ok ? DROP_MAX : DROP_POLICY_IN;
}

void
model_ask(struct keyd *kd, const struct model_pkt *p, bool (*is_local)(const struct addr *),
	struct model_answer *out)
{
	struct sa *sa[MODEL_DEPTH];
	enum drop_reason reason;

	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < p->depth; i++) {
		sa[i] = sad_find(&kd->sad, p->tunnel[i].spi, IPPROTO_ESP, &p->tunnel[i].dst);
		if (sa[i] == NULL) {
			drop_as(out, DROP_SEC_NO_SA);
			return;
		}
	}
	reason = ask_in(kd, p, find_policy(kd, DIR_IN, p), sa);
	if (reason != DROP_MAX) {
		drop_as(out, reason);
	} else if (is_local(&p->sel.dst)) {
		out->verdict = MODEL_LOCAL;
	} else if (p->ttl <= 1) {
		drop_as(out, DROP_IP_TTL);
		out->is_ttl = true;
	} else {
		ask_out(kd, p, out);
	}
}
