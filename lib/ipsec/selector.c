/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/selector.h"

bool
selector_match(const struct selector *s, const struct selector_pkt *p)
{
	if (s->proto != ULPROTO_ANY && s->proto != p->proto)
		return false;
	if (s->src.port_be != 0 && (!p->has_ports || s->src.port_be != p->sport_be))
		return false;
	if (s->dst.port_be != 0 && (!p->has_ports || s->dst.port_be != p->dport_be))
		return false;
	return addr_in_prefix(&s->src, &p->src) && addr_in_prefix(&s->dst, &p->dst);
}

bool
selector_eq(const struct selector *a, const struct selector *b)
{
	return a->dir == b->dir && a->proto == b->proto && addr_cmp(&a->src, &b->src) == 0 &&
		addr_cmp(&a->dst, &b->dst) == 0;
}
