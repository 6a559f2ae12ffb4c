/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/history.h"

#include <netinet/in.h>

static bool
has_ends(const struct sa_proof *p, const struct sp_req *req)
{
	return addr_eq(&p->src, &req->src) && addr_eq(&p->dst, &req->dst);
}

/*
 * The end points are part of the request: a valid SA of another peer proves nothing here.
 * @param folded  the tunnel of an IPComp request before this one is to be found in this SA's opening
 */
static bool
meets(const struct sa_proof *p, const struct history_want *w, bool folded)
{
	const struct sp_req *req = w->req;

	if (p->proto != req->proto || !p->authenticated)
		return false;
	if (p->mode != req->mode && !(folded && req->mode == MODE_TRANSPORT))
		return false;
	if (w->level == LEVEL_UNIQUE && p->reqid != req->reqid)
		return false;
	return req->src.af == 0 || has_ends(p, req);
}

static bool
meets_ipcomp(const struct sa_proof *p, const struct sp_req *req)
{
	if (p->proto == IPPROTO_IPIP)
		return req->mode == MODE_TUNNEL && has_ends(p, req);
	return p->proto == IPPROTO_IPCOMP && p->mode == req->mode &&
		(req->src.af == 0 || has_ends(p, req));
}

bool
history_satisfies(const struct sa_proof *proof, unsigned int n, const struct history_want *want,
	unsigned int nwant)
{
	bool folded = false;

	for (unsigned int i = 0; i < nwant; i++) {
		const struct sp_req *req = want[i].req;
		const struct sa_proof *p = n > 0 ? &proof[n - 1] : NULL;

		if (req->proto == IPPROTO_IPCOMP) {
			const bool met = p != NULL && meets_ipcomp(p, req);

			n -= met;
			folded = !met && p != NULL && req->mode == MODE_TUNNEL &&
				p->mode == MODE_TUNNEL && has_ends(p, req);
			continue;
		}
		if (p != NULL && meets(p, &want[i], folded))
			n--;
		else if (want[i].level != LEVEL_USE)
			return false;
		folded = false;
	}
	return true;
}
