/* SPDX-License-Identifier: BSD-2-Clause */
#include "gateway.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "base/log.h"
#include "ctl/keyload.h"

#define PUNT_RING 4096u

static int
start_ports(struct gateway *gw, struct err *err)
{
	const struct conf *c = gw->conf;
	struct err why = { 0 };
	int ret;

	gw->ports.niface = c->niface;
	memcpy(gw->ports.iface, c->iface, sizeof(gw->ports.iface));
	for (unsigned int i = 0; i < c->nport; i++) {
		char key[32];

		ret = port_start(
			&gw->ports.port[i], &c->port[i].dev, workers_count(), gw->pool, &why);
		(void)snprintf(key, sizeof(key), "ports[%u].device", i);
		if (ret != 0)
			return conf_error_at(c, err, ret, key, "%s", why.text);
		gw->ports.nport++;
	}
	for (unsigned int i = 0; i < c->niface; i++) {
		const struct iface *f = &gw->ports.iface[i];

		ret = iface_check(&gw->ports.port[f->port], f, &why);
		if (ret != 0)
			return conf_error_at(c, err, ret, "ports", "%s: %s", f->name, why.text);
	}
	return 0;
}

static void
stop_ports(struct gateway *gw)
{
	while (gw->ports.nport > 0)
		port_stop(&gw->ports.port[--gw->ports.nport]);
}

static int
open_crypto(struct gateway *gw, struct err *err)
{
	const struct conf *c = gw->conf;
	const char *devices[CRYPTO_DEV_MAX];
	const struct crypto_conf cc = { .engine = c->engine,
		.devices = devices,
		.ndevices = c->ncrypto_device,
		.compress_device = c->compress_device,
		.nworkers = workers_count(),
		.socket = (int)rte_socket_id(),
		.calibrate = c->calibrate };

	for (unsigned int i = 0; i < c->ncrypto_device; i++)
		devices[i] = c->crypto_device[i];
	gw->crypto = crypto_new(&cc, err);
	return gw->crypto != NULL ? 0 : err->code;
}

static int
open_devices(struct gateway *gw, struct err *err)
{
	const struct conf *c = gw->conf;
	int ret = pkt_init();

	if (ret != 0)
		return err_set(err, ret, "packet metadata: %s", rte_strerror(-ret));
	gw->pool = pkt_pool_create("packets", c->mbufs,
		(uint16_t)(c->mbuf_size + RTE_PKTMBUF_HEADROOM), (int)rte_socket_id());
	if (gw->pool == NULL)
		return conf_error_at(c, err, -rte_errno, "buffers.count",
			"no memory for %u packet buffers of %u bytes (%s): give EAL more (-m), or "
			"configure fewer",
			c->mbufs, c->mbuf_size, rte_strerror(rte_errno));
	/* What waits for its other fragments must leave enough for the traffic. */
	gw->reass = reass_new(RTE_MAX(c->mbufs / 8, 64u), (int)rte_socket_id());
	if (gw->reass == NULL) {
		ret = err_set(err, -ENOMEM, "no memory to reassemble packets in");
		goto err_reass;
	}
	ret = start_ports(gw, err);
	if (ret != 0)
		goto err_ports;
	ret = open_crypto(gw, err);
	if (ret == 0)
		return 0;
err_ports:
	stop_ports(gw);
	reass_free(gw->reass);
err_reass:
	rte_mempool_free(gw->pool);
	return ret;
}

/* What a worker may still hold of the pool when ports and workers are gone is a leak. */
static int
close_devices(struct gateway *gw)
{
	uint64_t created = 0;
	uint64_t destroyed = 0;
	unsigned int in_use;

	crypto_session_counts(gw->crypto, &created, &destroyed);
	stop_ports(gw);
	in_use = reass_large_in_use(gw->reass);
	reass_free(gw->reass);
	/* Inflated packets are in buffers of the compression engine: ports and fragments hold some. */
	crypto_free(gw->crypto);
	in_use += rte_mempool_in_use_count(gw->pool);
	rte_mempool_free(gw->pool);
	log_info("audit: sessions created=%" PRIu64 " destroyed=%" PRIu64 ", mbufs in use %u",
		created, destroyed, in_use);
	if (created == destroyed && in_use == 0)
		return 0;
	log_err("audit: sessions or packet buffers are leaked");
	return -EBADE;
}

static int
add_routes(struct gateway *gw, struct err *err)
{
	const struct conf *c = gw->conf;
	struct err why = { 0 };
	int ret = snap_add_connected(gw->snap, err);

	for (uint32_t i = 0; ret == 0 && i < c->nroute; i++) {
		const struct conf_route *r = &c->route[i];
		char key[32];

		ret = snap_route_add(
			gw->snap, &r->to, r->via.af != 0 ? &r->via : NULL, r->iface, &why);
		(void)snprintf(key, sizeof(key), "routes[%u]", i);
		if (ret != 0)
			(void)conf_error_at(c, err, ret, key, "%s", why.text);
	}
	return ret;
}

static int
open_state(struct gateway *gw, struct err *err)
{
	const struct snap_conf sc = { .nworkers = workers_count(),
		.socket = (int)rte_socket_id(),
		.max_sa = gw->conf->max_sa,
		.max_acl_bytes = gw->conf->max_acl_bytes,
		.ports = &gw->ports,
		.crypto = gw->crypto };
	int ret;

	gw->snap = snap_new(&sc, err);
	if (gw->snap == NULL)
		return err->code;
	*snap_knobs(gw->snap) = gw->conf->knobs;
	ret = keyd_init(&gw->keyd, snap_knobs(gw->snap), &snap_dp_ops, gw->snap);
	if (ret != 0) {
		(void)err_set(err, ret, "no memory for the key databases");
		goto err_snap;
	}
	snap_set_keyd(gw->snap, &gw->keyd);
	gw->keyd.now_s = ctl_now_ms() / 1000;
	ret = add_routes(gw, err);
	if (ret == 0)
		ret = snap_commit(gw->snap, err);
	if (ret == 0)
		return 0;
	keyd_fini(&gw->keyd);
err_snap:
	snap_free(gw->snap);
	return ret;
}

/* Everything goes, and everything must have been counted both ways. No worker runs. */
static int
close_state(struct gateway *gw)
{
	const struct keyd *kd = &gw->keyd;
	struct err err = { 0 };
	bool ok;

	snap_drain(gw->snap); /* what remains is live */
	ok = kd->sad.created - kd->sad.destroyed == kd->sad.n &&
		kd->spd.created - kd->spd.destroyed == kd->spd.n;
	log_info("audit: live sa %u, sp %u", kd->sad.n, kd->spd.n);
	keyd_sa_flush(&gw->keyd, 0);
	keyd_sp_flush(&gw->keyd);
	if (snap_commit(gw->snap, &err) != 0)
		log_warn("last commit: %s", err.text);
	snap_free(gw->snap);
	log_info("audit: sa created=%" PRIu64 " destroyed=%" PRIu64 ", sp created=%" PRIu64
		 " destroyed=%" PRIu64,
		kd->sad.created, kd->sad.destroyed, kd->spd.created, kd->spd.destroyed);
	ok = ok && kd->sad.created == kd->sad.destroyed && kd->spd.created == kd->spd.destroyed;
	keyd_fini(&gw->keyd);
	if (ok)
		return 0;
	log_err("audit: SAs or policies are leaked");
	return -EBADE;
}

static int
open_local(struct gateway *gw, struct err *err)
{
	const struct conf *c = gw->conf;
	const struct local_conf lc = { .snap = gw->snap,
		.ports = &gw->ports,
		.pool = gw->pool,
		.lane = &gw->lane,
		.inject = ctl_inject,
		.arg = gw };
	struct err why = { 0 };

	gw->lane.lcore = rte_lcore_id();
	gw->lane.socket = (int)rte_socket_id();
	gw->local = local_new(&lc, err);
	if (gw->local == NULL)
		return err->code;
	for (uint32_t i = 0; i < c->nneighbour; i++) {
		const struct conf_neighbour *n = &c->neighbour[i];
		const int ret = local_add_static(gw->local, &n->addr, n->iface, &n->mac, &why);
		char key[32];

		(void)snprintf(key, sizeof(key), "neighbours[%u]", i);
		if (ret != 0) {
			local_free(gw->local);
			return conf_error_at(c, err, ret, key, "%s", why.text);
		}
	}
	return 0;
}

static int
open_workers(struct gateway *gw, struct err *err)
{
	const struct worker_env env = { .snap = snap_current(gw->snap),
		.qs = snap_qsbr(gw->snap),
		.crypto = gw->crypto,
		.pool = gw->pool,
		.reass = gw->reass,
		.ports = &gw->ports,
		.punt = gw->punt,
		.poll_always = gw->poll_always };

	return workers_new(&gw->workers, &env, workers_count(), err);
}

static int
open_socket(struct gateway *gw, struct err *err)
{
	const struct rpc_sock_conf sc = { .path = gw->conf->rpc_path,
		.table = rpc_methods(),
		.ctx = &gw->rpc,
		.commit = rpc_commit };

	gw->rpc = (struct rpc_env){ .stats = { .rows = gw->workers.rows,
					    .snap = gw->snap,
					    .lanes = gw->workers.lanes,
					    .control = &gw->lane,
					    .nworkers = gw->workers.n,
					    .keyd = &gw->keyd,
					    .crypto = gw->crypto,
					    .ports = &gw->ports,
					    .pool = gw->pool,
					    .start_tsc = rte_rdtsc() },
		.snap = gw->snap,
		.audit = &gw->audit,
		.keepalive = &gw->keepalive,
		.neighbours = ctl_neighbours,
		.arg = gw };
	audit_log_init(&gw->audit);
	gw->keepalive = (struct keepalive){ .keyd = &gw->keyd,
		.pool = gw->pool,
		.nworkers = gw->workers.n,
		.send = ctl_inject,
		.arg = gw };
	rpc_env_committed(&gw->rpc);
	gw->sock = rpc_sock_open(&sc, err);
	return gw->sock != NULL ? 0 : err->code;
}

/* Keys and policies, then readiness: until this commit workers forward nothing. */
static int
load_keys(struct gateway *gw, struct err *err)
{
	struct keyload keys;
	int ret = keyload_read(&keys, gw->conf, gw->crypto, err);

	if (ret != 0)
		return ret;
	ret = keyload_apply(&keys, &gw->keyd, err);
	keyload_free(&keys);
	if (ret != 0)
		return ret;
	snap_set_ready(gw->snap, true);
	return snap_commit(gw->snap, err);
}

static int
open_control(struct gateway *gw, struct err *err)
{
	int ret;

	gw->punt = rte_ring_create("punt", PUNT_RING, (int)rte_socket_id(), RING_F_SC_DEQ);
	if (gw->punt == NULL)
		return err_set(err, -ENOMEM, "no memory for the punt ring");
	ret = open_local(gw, err);
	if (ret != 0)
		goto err_punt;
	ret = open_workers(gw, err);
	if (ret != 0)
		goto err_local;
	ret = open_socket(gw, err);
	if (ret != 0)
		goto err_workers;
	ret = load_keys(gw, err);
	if (ret == 0)
		ret = workers_launch(&gw->workers, err);
	if (ret == 0)
		return 0;
	rpc_sock_close(gw->sock);
err_workers:
	workers_free(&gw->workers);
err_local:
	local_free(gw->local);
err_punt:
	rte_ring_free(gw->punt);
	return ret;
}

static void
close_control(struct gateway *gw)
{
	ctl_stop_workers(gw);
	rpc_sock_close(gw->sock);
	workers_free(&gw->workers);
	local_free(gw->local);
	rte_ring_free(gw->punt);
}

int
gateway_start(struct gateway *gw, struct err *err)
{
	int ret = open_devices(gw, err);

	if (ret != 0)
		return ret;
	ret = open_state(gw, err);
	if (ret != 0)
		goto err_devices;
	ret = open_control(gw, err);
	if (ret != 0)
		goto err_state;
	local_announce(gw->local, ctl_now_ms());
	return 0;
err_state:
	(void)close_state(gw);
err_devices:
	(void)close_devices(gw);
	return ret;
}

int
gateway_stop(struct gateway *gw)
{
	int ret;

	close_control(gw);
	ret = close_state(gw);
	return close_devices(gw) != 0 ? -EBADE : ret;
}
