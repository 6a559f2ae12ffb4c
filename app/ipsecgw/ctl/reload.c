/* SPDX-License-Identifier: BSD-2-Clause */
/* SIGHUP: everything is read and checked before anything changes; then one commit. */
#include "base/log.h"
#include "ctl/ctl.h"
#include "ctl/keyload.h"

static bool
route_same(const struct conf_route *a, const struct conf_route *b)
{
	return addr_cmp(&a->to, &b->to) == 0 && a->via.af == b->via.af &&
		addr_eq(&a->via, &b->via) && a->iface == b->iface;
}

static bool
has_route(const struct conf *c, const struct conf_route *r)
{
	for (uint32_t i = 0; i < c->nroute; i++) {
		if (route_same(&c->route[i], r))
			return true;
	}
	return false;
}

/*
 * Routes are live tables, not part of a snapshot, so a route that changes its gateway is absent for a
 * moment. One that cannot be added is reported, the others still are.
 */
static void
apply_routes(struct gateway *gw, const struct conf *next)
{
	struct err err = { 0 };

	for (uint32_t i = 0; i < gw->conf->nroute; i++) {
		const struct conf_route *r = &gw->conf->route[i];

		if (!has_route(next, r) && snap_route_del(gw->snap, &r->to, &err) != 0)
			log_err("reload: %s", err.text);
	}
	for (uint32_t i = 0; i < next->nroute; i++) {
		const struct conf_route *r = &next->route[i];

		if (!has_route(gw->conf, r) &&
			snap_route_add(gw->snap, &r->to, r->via.af != 0 ? &r->via : NULL, r->iface,
				&err) != 0)
			log_err("reload: routes[%u]: %s", i, err.text);
	}
}

static const struct conf_neighbour *
find_neighbour(const struct conf *c, const struct conf_neighbour *n)
{
	for (uint32_t i = 0; i < c->nneighbour; i++) {
		if (addr_eq(&c->neighbour[i].addr, &n->addr) && c->neighbour[i].iface == n->iface)
			return &c->neighbour[i];
	}
	return NULL;
}

static void
apply_neighbours(struct gateway *gw, const struct conf *next)
{
	struct err err = { 0 };

	for (uint32_t i = 0; i < gw->conf->nneighbour; i++) {
		const struct conf_neighbour *n = &gw->conf->neighbour[i];

		if (find_neighbour(next, n) == NULL &&
			local_del_static(gw->local, &n->addr, n->iface, &err) != 0)
			log_err("reload: %s", err.text);
	}
	for (uint32_t i = 0; i < next->nneighbour; i++) {
		const struct conf_neighbour *n = &next->neighbour[i];

		if (local_add_static(gw->local, &n->addr, n->iface, &n->mac, &err) != 0)
			log_err("reload: neighbours[%u]: %s", i, err.text);
	}
}

/* Takes next. A commit that fails is tried again by the control loop, with all that is staged. */
static void
apply(struct gateway *gw, struct conf *next, const struct keyload *keys)
{
	struct err err = { 0 };

	snap_touch(gw->snap);
	apply_routes(gw, next);
	apply_neighbours(gw, next);
	conf_free(gw->conf);
	gw->conf = next;
	if (snap_commit(gw->snap, &err) != 0) {
		log_err("reload: not in force yet, trying again: %s", err.text);
		return;
	}
	rpc_env_committed(&gw->rpc);
	log_info("reload: %s is in force: %u SAs, %u policies, %u routes", next->path,
		keys->kd.sad.n, keys->kd.spd.n, next->nroute);
}

void
ctl_reload(struct gateway *gw, uint64_t now_ms)
{
	struct conf *next = NULL;
	struct err err = { 0 };
	struct keyload keys;
	struct knobs *knobs = snap_knobs(gw->snap);
	const struct knobs old = *knobs;
	const char *what = "";

	gw->keyd.now_s = now_ms / 1000;
	if (conf_load(gw->conf->path, &next, &err) != 0) {
		log_err("reload: %s; nothing is changed", err.text);
		return;
	}
	/* Indices of interfaces are only comparable while ports and interfaces are the same. */
	if (!conf_can_reload(gw->conf, next, &what)) {
		log_err("reload: %s cannot change while running: restart; nothing is changed",
			what);
		conf_free(next);
		return;
	}
	if (keyload_read(&keys, next, gw->crypto, &err) != 0) {
		log_err("reload: %s; nothing is changed", err.text);
		conf_free(next);
		return;
	}
	/* First, for whether an SA may be made can depend on one: allow_legacy. */
	*knobs = next->knobs;
	if (keyload_apply(&keys, &gw->keyd, &err) == 0) {
		apply(gw, next, &keys);
	} else {
		*knobs = old;
		log_err("reload: %s; no policy or SA is lost", err.text);
		conf_free(next);
	}
	keyload_free(&keys);
}
