/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/stats.h"

#include <stdatomic.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

/* A worker writes its row while we read it: plain 64-bit stores there, relaxed loads here. */
static uint64_t
load64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static uint64_t
load32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void
put(json_t *o, const char *key, uint64_t value)
{
	/* JSON integers are signed here; no counter gets there, a clamp is honest if one does. */
	(void)json_object_set_new(
		o, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

static void
put_str(json_t *o, const char *key, const char *text)
{
	(void)json_object_set_new(o, key, json_string(text));
}

static const char *
port_name(const struct portset *ps, unsigned int port, char buf[16])
{
	for (unsigned int i = 0; i < ps->niface; i++) {
		if (ps->iface[i].port == port && ps->iface[i].vlan == 0)
			return ps->iface[i].name;
	}
	(void)snprintf(buf, 16, "port%u", port);
	return buf;
}

uint64_t
stats_drops(const struct stats_env *e, enum drop_reason r)
{
	uint64_t n = e->control != NULL ? load64(&e->control->drop[r]) : 0;

	for (unsigned int i = 0; i < e->nworkers; i++)
		n += load64(&e->lanes[i]->drop[r]);
	return n;
}

uint64_t
stats_drops_by(const struct stats_env *e, enum drop_by by, enum drop_reason r)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < e->nworkers; i++)
		n += load64(&e->lanes[i]->drop_by[by][r]);
	return n;
}

static json_t *
lane_drops(const struct lane *lane)
{
	json_t *o = json_object();

	for (unsigned int r = 0; r < DROP_MAX; r++) {
		const uint64_t n = load64(&lane->drop[r]);

		if (n > 0)
			put(o, drop_name(r), n);
	}
	return o;
}

static json_t *
all_drops(const struct stats_env *e)
{
	json_t *o = json_object();

	for (unsigned int r = 0; r < DROP_MAX; r++) {
		const uint64_t n = stats_drops(e, r);

		if (n > 0)
			put(o, drop_name(r), n);
	}
	return o;
}

static json_t *
worker_ports(const struct stats_env *e, const struct worker_rows *row)
{
	json_t *list = json_array();
	char buf[16];

	for (unsigned int i = 0; i < e->ports->nport; i++) {
		json_t *o = json_object();

		put_str(o, "name", port_name(e->ports, i, buf));
		put(o, "rx_pkts", load64(&row->port[i].rx_pkts));
		put(o, "rx_bytes", load64(&row->port[i].rx_bytes));
		put(o, "tx_pkts", load64(&row->port[i].tx_pkts));
		put(o, "tx_bytes", load64(&row->port[i].tx_bytes));
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* From the list in dp/worker.h, so that this file links without the data path. */
static const char *const stage_names[STAGE_MAX] = {
#define X(sym, name) name,
	STAGES(X)
#undef X
};

json_t *
stats_stages(void)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < STAGE_MAX; i++)
		(void)json_array_append_new(list, json_string(stage_names[i]));
	return list;
}

static json_t *
worker_stages(const struct worker_rows *row)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < STAGE_MAX; i++) {
		json_t *o = json_object();

		put_str(o, "name", stage_names[i]);
		put(o, "calls", load64(&row->stage[i].calls));
		put(o, "pkts", load64(&row->stage[i].pkts));
		put(o, "cycles", load64(&row->stage[i].cycles));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
worker_json(const struct stats_env *e, unsigned int i)
{
	const struct worker_rows *row = e->rows[i];
	const struct lane *lane = e->lanes[i];
	json_t *o = json_object();

	put(o, "index", i);
	put(o, "lcore", lane->lcore);
	put(o, "steps", load64(&row->steps));
	put(o, "idle", load64(&row->idle_steps));
	put(o, "sleeps", load64(&row->sleeps));
	put(o, "punted", load64(&row->punted));
	put(o, "injected", load64(&row->injected));
	put(o, "use_clear", load64(&row->use_clear));
	(void)json_object_set_new(o, "drops", lane_drops(lane));
	(void)json_object_set_new(o, "stages", worker_stages(row));
	(void)json_object_set_new(o, "ports", worker_ports(e, row));
	return o;
}

static json_t *
hw_json(uint16_t id)
{
	struct rte_eth_stats st = { 0 };
	json_t *o;

	if (!rte_eth_dev_is_valid_port(id) || rte_eth_stats_get(id, &st) != 0)
		return json_null();
	o = json_object();
	put(o, "rx_pkts", st.ipackets);
	put(o, "rx_bytes", st.ibytes);
	put(o, "rx_missed", st.imissed);
	put(o, "rx_errors", st.ierrors);
	put(o, "rx_nombuf", st.rx_nombuf);
	put(o, "tx_pkts", st.opackets);
	put(o, "tx_bytes", st.obytes);
	put(o, "tx_errors", st.oerrors);
	return o;
}

static json_t *
port_ifaces(const struct portset *ps, unsigned int port)
{
	json_t *list = json_array();
	char text[ADDR_STRLEN];

	for (unsigned int i = 0; i < ps->niface; i++) {
		const struct iface *f = &ps->iface[i];
		json_t *o;
		json_t *addrs;

		if (f->port != port)
			continue;
		o = json_object();
		addrs = json_array();
		put_str(o, "name", f->name);
		put(o, "vlan", f->vlan);
		put(o, "mtu", f->mtu);
		for (unsigned int k = 0; k < f->naddr; k++)
			(void)json_array_append_new(
				addrs, json_string(addr_prefix_str(&f->addr[k], text)));
		(void)json_object_set_new(o, "addresses", addrs);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
port_json(const struct stats_env *e, unsigned int i)
{
	const struct port *p = &e->ports->port[i];
	uint64_t sum[4] = { 0 };
	json_t *o = json_object();
	char text[RTE_ETHER_ADDR_FMT_SIZE];
	char buf[16];

	for (unsigned int w = 0; w < e->nworkers; w++) {
		sum[0] += load64(&e->rows[w]->port[i].rx_pkts);
		sum[1] += load64(&e->rows[w]->port[i].rx_bytes);
		sum[2] += load64(&e->rows[w]->port[i].tx_pkts);
		sum[3] += load64(&e->rows[w]->port[i].tx_bytes);
	}
	rte_ether_format_addr(text, sizeof(text), &p->mac);
	put_str(o, "name", port_name(e->ports, i, buf));
	put_str(o, "link",
		atomic_load_explicit(&p->link, memory_order_relaxed) != 0 ? "up" : "down");
	put_str(o, "mac", text);
	put(o, "mtu", p->mtu);
	put(o, "rx_queues", p->nrxq);
	put(o, "tx_queues", p->ntxq);
	put(o, "rx_pkts", sum[0]);
	put(o, "rx_bytes", sum[1]);
	put(o, "tx_pkts", sum[2]);
	put(o, "tx_bytes", sum[3]);
	(void)json_object_set_new(o, "hw", hw_json(p->id));
	(void)json_object_set_new(o, "interfaces", port_ifaces(e->ports, i));
	return o;
}

json_t *
stats_ports(const struct stats_env *e)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < e->ports->nport; i++)
		(void)json_array_append_new(list, port_json(e, i));
	return list;
}

/* Seconds since a worker last touched a row; null when none ever did. */
static json_t *
ago(uint64_t last_tsc)
{
	const uint64_t now = rte_rdtsc();

	if (last_tsc == 0)
		return json_null();
	return json_integer(now > last_tsc ? (json_int_t)((now - last_tsc) / rte_get_tsc_hz()) : 0);
}

static void
sa_counters(json_t *o, const struct stats_env *e, const struct sa_rt *rt)
{
	uint64_t pkts = 0, bytes = 0, last = 0, bad[6] = { 0 };
	const uint64_t top = rt->rp != NULL ? load64(&rt->rp->top) : 0;

	for (unsigned int i = 0; i < e->nworkers; i++) {
		const struct sa_lc *lc = &rt->lc[i];
		const uint64_t t = load64(&lc->last_tsc);

		pkts += load64(&lc->pkts);
		bytes += load64(&lc->bytes);
		last = t > last ? t : last;
		bad[0] += load32(&lc->replayed);
		bad[1] += load32(&lc->auth_fail);
		bad[2] += load32(&lc->bad_pad);
		bad[3] += load32(&lc->malformed);
		bad[4] += load32(&lc->seq_overflow);
		bad[5] += load32(&lc->addr_mismatch);
	}
	put(o, "packets", pkts);
	put(o, "bytes", bytes);
	put(o, "replayed", bad[0]);
	put(o, "auth_fail", bad[1]);
	put(o, "bad_pad", bad[2]);
	put(o, "malformed", bad[3]);
	put(o, "seq_overflow", bad[4]);
	put(o, "addr_mismatch", bad[5]);
	/* Numbers that the peer has used and that never came, or came and were refused. */
	put(o, "lost", rt->dir != DIR_OUT && top > pkts ? top - pkts : 0);
	/* Inbound the window's right edge; a worker may move it right now, which only makes it old. */
	put(o, "seq",
		rt->dir == DIR_OUT ? atomic_load_explicit(&rt->seq, memory_order_relaxed) : top);
	(void)json_object_set_new(o, "last_use_s", ago(last));
}

static json_t *
sa_json(const struct stats_env *e, const struct sa *sa)
{
	const struct sa_spec *s = &sa->spec;
	const struct sa_rt *rt = sa->rt;
	json_t *o = json_object();
	char text[ADDR_STRLEN];

	put(o, "spi", s->spi);
	put_str(o, "proto", proto_name(s->idx.proto));
	put_str(o, "src", addr_str(&s->idx.src, text));
	put_str(o, "dst", addr_str(&s->idx.dst, text));
	put_str(o, "dir", dir_name(rt->dir));
	put_str(o, "mode", mode_name(s->idx.mode));
	put(o, "reqid", s->idx.reqid);
	/* Names and lengths only: keys never leave through this door (law of secrets). */
	put_str(o, "enc", s->enc != NULL ? s->enc->name : "");
	put(o, "enc_key_bits", s->enckey.len * UINT64_C(8));
	put_str(o, "auth", s->auth != NULL ? s->auth->name : "");
	put(o, "window", s->window_pkts);
	(void)json_object_set_new(o, "esn", json_boolean((s->flags & SA_F_ESN) != 0));
	put_str(o, "state", sa_state_name(sa->state));
	put_str(o, "engine", rt->crypto->name);
	put(o, "age_s", e->keyd->now_s - sa->created_s);
	sa_counters(o, e, rt);
	return o;
}

json_t *
stats_sas(const struct stats_env *e)
{
	json_t *list = json_array();
	const struct sa *sa;

	TAILQ_FOREACH (sa, &e->keyd->sad.all, link)
		(void)json_array_append_new(list, sa_json(e, sa));
	return list;
}

static json_t *
selector_end(const struct addr *a)
{
	char text[ADDR_STRLEN];

	if (a->port_be == 0)
		return json_string(addr_prefix_str(a, text));
	return json_sprintf("%s[%u]", addr_prefix_str(a, text), rte_be_to_cpu_16(a->port_be));
}

/* As setkey(8) writes it: "esp/tunnel/192.0.2.1-192.0.2.2/require". */
static json_t *
request_text(const struct sp_req *r)
{
	char src[ADDR_STRLEN] = "";
	char dst[ADDR_STRLEN] = "";
	char unique[16] = "";

	if (r->src.af != 0) {
		(void)addr_str(&r->src, src);
		(void)addr_str(&r->dst, dst);
	}
	if (r->level == LEVEL_UNIQUE)
		(void)snprintf(unique, sizeof(unique), ":%u", r->reqid);
	return json_sprintf("%s/%s/%s%s%s/%s%s", proto_name(r->proto), mode_name(r->mode), src,
		r->src.af != 0 ? "-" : "", dst, level_name(r->level), unique);
}

static json_t *
sp_json(const struct stats_env *e, const struct sp *sp)
{
	const struct sp_rt *rt = sp->rt;
	const struct selector *sel = &sp->spec.sel;
	uint64_t pkts = 0, bytes = 0, last = 0;
	json_t *o = json_object();
	json_t *reqs = json_array();

	for (unsigned int i = 0; i < e->nworkers; i++) {
		const uint64_t t = load64(&rt->lc[i].last_tsc);

		pkts += load64(&rt->lc[i].pkts);
		bytes += load64(&rt->lc[i].bytes);
		last = t > last ? t : last;
	}
	for (unsigned int i = 0; i < sp->spec.nreq; i++)
		(void)json_array_append_new(reqs, request_text(&sp->spec.req[i]));
	put(o, "id", sp->id);
	put_str(o, "dir", dir_name(sel->dir));
	(void)json_object_set_new(o, "src", selector_end(&sel->src));
	(void)json_object_set_new(o, "dst", selector_end(&sel->dst));
	(void)json_object_set_new(o, "proto",
		sel->proto == ULPROTO_ANY ? json_string("any") : json_sprintf("%u", sel->proto));
	put_str(o, "action", action_name(sp->spec.action));
	(void)json_object_set_new(o, "requests", reqs);
	put(o, "packets", pkts);
	put(o, "bytes", bytes);
	(void)json_object_set_new(o, "last_use_s", ago(last));
	return o;
}

json_t *
stats_policies(const struct stats_env *e)
{
	json_t *list = json_array();
	const struct sp *sp;

	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++) {
		TAILQ_FOREACH (sp, &e->keyd->spd.list[dir], link)
			(void)json_array_append_new(list, sp_json(e, sp));
	}
	return list;
}

static json_t *
life_json(uint64_t created, uint64_t destroyed)
{
	json_t *o = json_object();

	put(o, "created", created);
	put(o, "destroyed", destroyed);
	return o;
}

static json_t *
objects_json(const struct stats_env *e)
{
	json_t *o = json_object();
	uint64_t created = 0;
	uint64_t destroyed = 0;

	crypto_session_counts(e->crypto, &created, &destroyed);
	(void)json_object_set_new(o, "sa", life_json(e->keyd->sad.created, e->keyd->sad.destroyed));
	(void)json_object_set_new(o, "sp", life_json(e->keyd->spd.created, e->keyd->spd.destroyed));
	(void)json_object_set_new(o, "session", life_json(created, destroyed));
	return o;
}

json_t *
stats_json(const struct stats_env *e)
{
	json_t *o = json_object();
	json_t *workers = json_array();
	json_t *mbufs;

	put(o, "uptime_s", (rte_rdtsc() - e->start_tsc) / rte_get_tsc_hz());
	for (unsigned int i = 0; i < e->nworkers; i++)
		(void)json_array_append_new(workers, worker_json(e, i));
	(void)json_object_set_new(o, "workers", workers);
	(void)json_object_set_new(o, "ports", stats_ports(e));
	(void)json_object_set_new(o, "drops", all_drops(e));
	(void)json_object_set_new(o, "sas", stats_sas(e));
	(void)json_object_set_new(o, "policies", stats_policies(e));
	if (e->pool != NULL) {
		mbufs = json_object();
		put(mbufs, "in_use", rte_mempool_in_use_count(e->pool));
		put(mbufs, "free", rte_mempool_avail_count(e->pool));
		(void)json_object_set_new(o, "mbufs", mbufs);
	}
	(void)json_object_set_new(o, "objects", objects_json(e));
	return o;
}
