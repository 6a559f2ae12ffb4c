/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/history.h"

#include <netinet/in.h>

/* The end points are part of the request: a valid SA of another peer proves nothing here. */
static bool
meets(const struct sa_proof *p, const struct history_want *w)
{
	const struct sp_req *req = w->req;

	if (p->proto != req->proto)
		return false;
	if (req->mode != MODE_ANY && p->mode != MODE_ANY && p->mode != req->mode)
		return false;
	if (p->proto != IPPROTO_IPCOMP && !p->authenticated)
		return false;
	if (w->level == LEVEL_UNIQUE && p->reqid != req->reqid)
		return false;
	return req->src.af == 0 || (addr_eq(&p->src, &req->src) && addr_eq(&p->dst, &req->dst));
}

bool
history_satisfies(const struct sa_proof *proof, unsigned int n, const struct history_want *want,
	unsigned int nwant)
{
	for (unsigned int i = 0; i < nwant; i++) {
		if (n > 0 && meets(&proof[n - 1], &want[i]))
			n--;
		else if (want[i].level != LEVEL_USE)
			return false;
	}
	return true;
}
