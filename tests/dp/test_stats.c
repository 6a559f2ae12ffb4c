/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters and counters as methods give them: NetBSD's names, errors and vectors, and sums that outlive SAs. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include <cmocka.h>

#include "ctl/netstat.h"
#include "ctl/rpc_methods.h"
#include "dp/eal.h"
#include "snap/snap.h"

#define NWORKERS 2u

static struct portset ports;
static struct crypto *crypto;
static struct snap *snap;
static struct keyd kd;
static struct worker_rows rows[NWORKERS];
static struct lane *lane[NWORKERS];
static const struct worker_rows *row_list[NWORKERS];
static const struct lane *lane_list[NWORKERS];
static struct rpc_env env;

static int
start(void **state)
{
	const struct crypto_conf cc = { .nworkers = NWORKERS };
	struct snap_conf sc = {
		.nworkers = NWORKERS, .max_sa = 16, .max_acl_bytes = 64u << 20, .ports = &ports
	};
	struct err err = { 0 };

	(void)state;
	test_eal(512, NULL);
	ports.nport = 1;
	ports.niface = 1;
	ports.iface[0] = (struct iface){
		.name = "wan", .mtu = 1500, .naddr = 1, .addr = { test_ip("192.0.2.1/24") }
	};
	crypto = crypto_new(&cc, &err);
	sc.crypto = crypto;
	snap = crypto != NULL ? snap_new(&sc, &err) : NULL;
	if (snap == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(keyd_init(&kd, snap_knobs(snap), &snap_dp_ops, snap), 0);
	snap_set_keyd(snap, &kd);
	for (unsigned int i = 0; i < NWORKERS; i++) {
		lane[i] = aligned_alloc(64, RTE_ALIGN(sizeof(*lane[i]), 64));
		memset(lane[i], 0, sizeof(*lane[i]));
		lane_list[i] = lane[i];
		row_list[i] = &rows[i];
	}
	env = (struct rpc_env){ .stats = { .rows = row_list,
					.lanes = lane_list,
					.nworkers = NWORKERS,
					.keyd = &kd,
					.snap = snap,
					.crypto = crypto,
					.ports = &ports,
					.start_tsc = rte_rdtsc() },
		.snap = snap };
	assert_int_equal(snap_commit(snap, &err), 0);
	rpc_env_committed(&env);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	keyd_sa_flush(&kd, 0);
	keyd_sp_flush(&kd);
	assert_int_equal(snap_commit(snap, NULL), 0);
	snap_free(snap);
	keyd_fini(&kd);
	crypto_free(crypto);
	for (unsigned int i = 0; i < NWORKERS; i++)
		free(lane[i]);
	return rte_eal_cleanup();
}

/* @return what the method gave; NULL with f filled */
static json_t *
call(const char *method, json_t *params, struct rpc_fail *f)
{
	const struct rpc_table *t = rpc_methods();
	json_t *result = NULL;

	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->rows[i].name, method) == 0)
			(void)t->rows[i].fn(&env, params, &result, f);
	}
	json_decref(params);
	return result;
}

static struct sa_spec
gcm(uint32_t spi, const char *src, const char *dst, uint8_t mode)
{
	struct sa_spec s = { .spi = spi,
		.enc = alg_by_name(ALG_ENC, "aes-gcm-16"),
		.window_pkts = 64,
		.idx = { test_ip(src), test_ip(dst), IPPROTO_ESP, mode, 0 } };

	memset(s.enckey.b, 'k', 20);
	s.enckey.len = 20;
	return s;
}

static struct sa *
add_sa(uint32_t spi, const char *src, const char *dst)
{
	const struct sa_spec s = gcm(spi, src, dst, MODE_TUNNEL);
	struct err err = { 0 };

	if (keyd_sa_add(&kd, &s, &err) != 0)
		fail_msg("%s", err.text);
	return sad_find(&kd.sad, spi, IPPROTO_ESP, &s.idx.dst);
}

/* Counter of a vector by its name. */
static uint64_t
counter(enum key_vector v, const char *name)
{
	const struct netstat_vector *vec = netstat_vector(v);
	uint64_t n[NETSTAT_MAX];

	netstat_read(&env.stats, v, n);
	for (size_t i = 0; i < vec->ncounter; i++) {
		if (strcmp(vec->counter[i].name, name) == 0)
			return n[i];
	}
	fail_msg("%s has no counter %s", vec->proto, name);
	return 0;
}

/* The index of each counter is that of the kernel's array: scripts read them by number. */
static void
netstat_vectors_are_netbsds(void **state)
{
	static const struct {
		enum key_vector v;
		size_t n, at;
		const char *name;
	} row[] = {
		{ KEY_VECTOR_IPSEC, 16, 0, "IN_POLVIO" },
		{ KEY_VECTOR_IPSEC, 16, 6, "OUT_BUNDLESA" },
		{ KEY_VECTOR_IPSEC, 16, 11, "SPDCACHELOOKUP" },
		{ KEY_VECTOR_IPSEC, 16, 12, "SPDCACHEMISS" },
		{ KEY_VECTOR_ESP, 35, 0, "HDROPS" },
		{ KEY_VECTOR_ESP, 35, 4, "QFULL" },
		{ KEY_VECTOR_ESP, 35, 9, "BADAUTH" },
		{ KEY_VECTOR_ESP, 35, 10, "REPLAY" },
		{ KEY_VECTOR_ESP, 35, 11, "INPUT" },
		{ KEY_VECTOR_ESP, 35, 19, "TUNNEL" },
		{ KEY_VECTOR_AH, 35, 4, "BADAUTH" },
		{ KEY_VECTOR_AH, 35, 6, "QFULL" },
		{ KEY_VECTOR_AH, 35, 9, "BADAUTHL" },
		{ KEY_VECTOR_AH, 35, 18, "TUNNEL" },
		{ KEY_VECTOR_IPCOMP, 22, 13, "MINLEN" },
		{ KEY_VECTOR_IPCOMP, 22, 14, "USELESS" },
		{ KEY_VECTOR_IPCOMP, 22, 16, "CRYPTO" },
		{ KEY_VECTOR_IPIP, 10, 0, "IPACKETS" },
		{ KEY_VECTOR_IPIP, 10, 7, "SPOOF" },
		{ KEY_VECTOR_IPIP, 10, 9, "UNSPEC" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_int_equal(netstat_vector(row[i].v)->n, row[i].n);
		assert_string_equal(netstat_vector(row[i].v)->counter[row[i].at].name, row[i].name);
	}
	assert_null(netstat_vector(KEY_VECTOR_NONE));
	assert_null(netstat_vector(KEY_VECTOR_IPIP + 1));
}

/* Every counter that a drop reason names exists, and gets what was dropped for it. */
static void
netstat_counts_every_drop_reason(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DROP_MAX; r++) {
		const char *dot = strchr(drop_netbsd(r), '.');
		uint64_t before;
		bool found = false;

		if (dot == NULL)
			continue;
		for (unsigned int v = KEY_VECTOR_IPSEC; v <= KEY_VECTOR_IPIP; v++) {
			const char *proto = netstat_vector(v)->proto;

			if (strncmp(proto, drop_netbsd(r), (size_t)(dot - drop_netbsd(r))) != 0 ||
				strlen(proto) != (size_t)(dot - drop_netbsd(r)))
				continue;
			found = true;
			before = counter(v, dot + 1);
			lane[r % NWORKERS]->drop[r] += 3;
			assert_int_equal(counter(v, dot + 1), before + 3);
			lane[r % NWORKERS]->drop[r] -= 3;
		}
		if (!found)
			fail_msg("%s: no vector is called as %s", drop_name(r), drop_netbsd(r));
	}
}

static void
netstat_tells_protocols_apart(void **state)
{
	(void)state;
	lane[0]->drop[DROP_SEC_AUTH] = 10;
	lane[0]->drop_by[DROP_BY_AH][DROP_SEC_AUTH] = 3;
	lane[1]->drop[DROP_SEC_PAD] = 4;
	lane[1]->drop_by[DROP_BY_IPCOMP][DROP_SEC_PAD] = 4;
	assert_int_equal(counter(KEY_VECTOR_ESP, "BADAUTH"), 7);
	assert_int_equal(counter(KEY_VECTOR_AH, "BADAUTH"), 3);
	assert_int_equal(counter(KEY_VECTOR_ESP, "INPUT"), 7);
	assert_int_equal(counter(KEY_VECTOR_AH, "INPUT"), 3);
	assert_int_equal(counter(KEY_VECTOR_ESP, "BADENC"), 0);
	/* IPComp has no such counter: a header that makes no sense. */
	assert_int_equal(counter(KEY_VECTOR_IPCOMP, "HDROPS"), 4);
	lane[0]->drop[DROP_SEC_AUTH] = lane[0]->drop_by[DROP_BY_AH][DROP_SEC_AUTH] = 0;
	lane[1]->drop[DROP_SEC_PAD] = lane[1]->drop_by[DROP_BY_IPCOMP][DROP_SEC_PAD] = 0;
}

static void
netstat_counts_what_is_no_drop(void **state)
{
	(void)state;
	lane[0]->bundles = 2;
	lane[1]->comp_short = 3;
	lane[1]->comp_useless = 4;
	rows[0].stage[STAGE_FLOW].pkts = 50;
	rows[1].stage[STAGE_POLICY].pkts = 6;
	assert_int_equal(counter(KEY_VECTOR_IPSEC, "OUT_BUNDLESA"), 2);
	assert_int_equal(counter(KEY_VECTOR_IPCOMP, "MINLEN"), 3);
	assert_int_equal(counter(KEY_VECTOR_IPCOMP, "USELESS"), 4);
	assert_int_equal(counter(KEY_VECTOR_IPSEC, "SPDCACHELOOKUP"), 50);
	assert_int_equal(counter(KEY_VECTOR_IPSEC, "SPDCACHEMISS"), 6);
}

static void
sums_outlive_the_sas(void **state)
{
	struct sa *out = add_sa(0x1001, "192.0.2.1", "192.0.2.2");
	struct sa *in = add_sa(0x1002, "192.0.2.2", "192.0.2.1");
	struct sa_rt *o = out->rt, *i = in->rt;

	(void)state;
	o->lc[0].pkts = 5;
	o->lc[0].bytes = 500;
	o->lc[1].pkts = 6;
	o->lc[1].bytes = 600;
	i->lc[1].pkts = 7;
	i->lc[1].bytes = 700;
	for (unsigned int round = 0; round < 3; round++) {
		uint64_t n[NETSTAT_MAX];

		assert_int_equal(counter(KEY_VECTOR_ESP, "OUTPUT"), 11);
		assert_int_equal(counter(KEY_VECTOR_ESP, "OBYTES"), 1100);
		assert_int_equal(counter(KEY_VECTOR_ESP, "INPUT"), 7);
		assert_int_equal(counter(KEY_VECTOR_ESP, "IBYTES"), 700);
		assert_int_equal(counter(KEY_VECTOR_IPIP, "OPACKETS"), 11);
		assert_int_equal(counter(KEY_VECTOR_IPIP, "IBYTES"), 700);
		netstat_read(&env.stats, KEY_VECTOR_ESP, n);
		assert_string_equal(netstat_vector(KEY_VECTOR_ESP)->alg[11], "aes-gcm-16");
		assert_int_equal(n[20 + 11], 18);
		assert_int_equal(counter(KEY_VECTOR_AH, "OUTPUT"), 0);
		if (round == 0) /* deleted, waiting for the workers' grace */
			keyd_sa_flush(&kd, 0);
		if (round == 1) {
			assert_int_equal(snap_commit(snap, NULL), 0);
			assert_int_equal(snap_reclaim(snap), 0);
			assert_int_equal(kd.sad.created, kd.sad.destroyed);
		}
	}
}

static void
sa_list_has_errors_and_losses(void **state)
{
	struct sa_rt *rt = add_sa(0x1002, "192.0.2.2", "192.0.2.1")->rt;
	struct rpc_fail f = { 0 };
	json_t *list;
	json_t *o;

	(void)state;
	rt->lc[0].pkts = 90;
	rt->rp->top = 100;
	rt->lc[0].replayed = 1;
	rt->lc[1].replayed = 1;
	rt->lc[0].auth_fail = 3;
	rt->lc[0].bad_pad = 4;
	rt->lc[0].malformed = 5;
	rt->lc[0].addr_mismatch = 6;
	list = call("sa.list", NULL, &f);
	o = json_array_get(list, 0);
	assert_int_equal(json_integer_value(json_object_get(o, "lost")), 10);
	assert_int_equal(json_integer_value(json_object_get(o, "replayed")), 2);
	assert_int_equal(json_integer_value(json_object_get(o, "auth_fail")), 3);
	assert_int_equal(json_integer_value(json_object_get(o, "bad_pad")), 4);
	assert_int_equal(json_integer_value(json_object_get(o, "malformed")), 5);
	assert_int_equal(json_integer_value(json_object_get(o, "seq_overflow")), 0);
	assert_int_equal(json_integer_value(json_object_get(o, "addr_mismatch")), 6);
	json_decref(list);
	/* Without a window the top says nothing. */
	rt->rp->top = 20;
	list = call("sa.list", NULL, &f);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "lost")), 0);
	json_decref(list);
	keyd_sa_flush(&kd, 0);
}

static json_t *
set(const char *name, int value, struct rpc_fail *f)
{
	*f = (struct rpc_fail){ 0 };
	return call("sysctl.set", json_pack("{s:s, s:i}", "name", name, "value", value), f);
}

static void
sysctl_set_has_netbsds_errors(void **state)
{
	static const struct {
		const char *name;
		int value, code;
		const char *path;
	} bad[] = {
		{ "net.inet.ipsec.def_policy", 2, -EINVAL, "/value" },
		{ "net.inet6.ipsec6.enabled", 3, -EINVAL, "/value" },
		{ "net.inet.ipsec.used", 1, -EPERM, "/name" },
		{ "net.inet6.ipsec6.used", 1, -EPERM, "/name" },
		{ "net.inet.esp.esp_stats", 0, -EPERM, "/name" },
		{ "net.inet.ipsec.ipsecstats", 0, -EPERM, "/name" },
		{ "net.inet.ipsec.nosuch", 0, -ENOENT, "/name" },
		{ "net.inet.ipsec", 0, -ENOENT, "/name" },
	};
	struct rpc_fail f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_null(set(bad[i].name, bad[i].value, &f));
		assert_int_equal(f.code, bad[i].code);
		assert_string_equal(f.path, bad[i].path);
	}
	json_decref(set("net.inet.ipsec.ah_offsetmask", -5, &f));
	assert_int_equal(f.code, 0);
	assert_int_equal(snap_knobs(snap)->ah_offsetmask, -5);
	json_decref(set("net.inet.esp.trans_deflev", 2, &f));
	assert_int_equal(snap_knobs(snap)->af[KNOBS_V4].esp_trans_deflev, 2);
	assert_int_equal(snap_knobs(snap)->af[KNOBS_V6].esp_trans_deflev, 1);
}

static int64_t
get(const char *name)
{
	struct rpc_fail f = { 0 };
	json_t *o = call("sysctl.get", json_pack("{s:s}", "name", name), &f);
	const int64_t v = json_integer_value(json_object_get(o, "value"));

	assert_non_null(o);
	json_decref(o);
	return v;
}

static void
sysctl_enabled_is_busy_while_there_are_policies(void **state)
{
	const struct sp_spec sp = { .sel = { test_ip("10.1.0.0/16"), test_ip("10.2.0.0/16"),
					    ULPROTO_ANY, DIR_OUT },
		.action = SP_DISCARD };
	struct rpc_fail f;

	(void)state;
	assert_int_equal(get("net.inet.ipsec.used"), 0);
	json_decref(set("net.inet.ipsec.enabled", 0, &f));
	assert_int_equal(f.code, 0);
	assert_int_equal(get("net.inet6.ipsec6.enabled"), 0);
	json_decref(set("net.inet6.ipsec6.enabled", 1, &f));
	assert_int_equal(keyd_sp_add(&kd, &sp, NULL, NULL), 0);
	assert_null(set("net.inet.ipsec.enabled", 0, &f));
	assert_int_equal(f.code, -EBUSY);
	assert_null(set("net.inet6.ipsec6.enabled", 0, &f));
	assert_int_equal(f.code, -EBUSY);
	assert_int_equal(get("net.inet.ipsec.enabled"), 1);
	assert_int_equal(get("net.inet6.ipsec6.used"), 1);
	keyd_sp_flush(&kd);
	assert_int_equal(get("net.inet.ipsec.used"), 1);
}

static void
sysctl_list_has_vectors_and_other_names(void **state)
{
	struct rpc_fail f = { 0 };
	json_t *list = call("sysctl.list", json_pack("{s:s}", "prefix", "net.inet.esp"), &f);
	json_t *row;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(list), 4);
	json_array_foreach(list, i, row)
	{
		const char *name = json_string_value(json_object_get(row, "name"));
		const bool vector = strcmp(name, "net.inet.esp.esp_stats") == 0;

		assert_int_equal(json_array_size(json_object_get(row, "value")), vector ? 35 : 0);
		assert_int_equal(json_is_true(json_object_get(row, "read_only")), vector);
		assert_int_equal(json_object_get(row, "same") == NULL, vector);
		assert_int_equal(json_object_get(row, "min") == NULL, vector);
	}
	json_decref(list);
	list = call("netstat.get", NULL, &f);
	assert_int_equal(json_object_size(list), 5);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(list, "esp"), "histogram")), 15);
	json_decref(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netstat_vectors_are_netbsds),
		cmocka_unit_test(netstat_counts_every_drop_reason),
		cmocka_unit_test(netstat_tells_protocols_apart),
		cmocka_unit_test(netstat_counts_what_is_no_drop),
		cmocka_unit_test(sums_outlive_the_sas),
		cmocka_unit_test(sa_list_has_errors_and_losses),
		cmocka_unit_test(sysctl_set_has_netbsds_errors),
		cmocka_unit_test(sysctl_enabled_is_busy_while_there_are_policies),
		cmocka_unit_test(sysctl_list_has_vectors_and_other_names),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
