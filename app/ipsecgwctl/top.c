/* SPDX-License-Identifier: BSD-2-Clause */
/* top: what happened since the last look, per second. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "table.h"

static const struct column port_cols[] = { { "port", "name", CELL_TEXT },
	{ "link", "link", CELL_TEXT }, { "rx p/s", "rx_pkts/s", CELL_RATE },
	{ "rx bit/s", "rx_bit/s", CELL_RATE }, { "tx p/s", "tx_pkts/s", CELL_RATE },
	{ "tx bit/s", "tx_bit/s", CELL_RATE }, { "rx packets", "rx_pkts", CELL_COUNT },
	{ "tx packets", "tx_pkts", CELL_COUNT }, { 0 } };
static const struct column worker_cols[] = { { "worker", "index", CELL_COUNT },
	{ "lcore", "lcore", CELL_COUNT }, { "busy %", "busy", CELL_COUNT },
	{ "steps/s", "steps/s", CELL_RATE }, { "sleeps/s", "sleeps/s", CELL_RATE },
	{ "punted", "punted", CELL_COUNT }, { 0 } };
static const struct column sa_cols[] = { { "spi", "spi", CELL_HEX }, { "dir", "dir", CELL_TEXT },
	{ "source", "src", CELL_TEXT }, { "destination", "dst", CELL_TEXT },
	{ "encryption", "enc", CELL_TEXT }, { "engine", "engine", CELL_TEXT },
	{ "p/s", "packets/s", CELL_RATE }, { "bit/s", "bit/s", CELL_RATE },
	{ "packets", "packets", CELL_COUNT }, { "bytes", "bytes", CELL_COUNT }, { 0 } };
static const struct column drop_cols[] = { { "p/s", "rate", CELL_RATE },
	{ "packets", "packets", CELL_COUNT }, { "reason", "name", CELL_TEXT },
	{ "meaning", "doc", CELL_TEXT }, { 0 } };

/** A counter and the field that receives its rate. */
struct rate {
	const char *counter, *field;
	double factor;
};

static const struct rate port_rates[] = { { "rx_pkts", "rx_pkts/s", 1 },
	{ "rx_bytes", "rx_bit/s", 8 }, { "tx_pkts", "tx_pkts/s", 1 }, { "tx_bytes", "tx_bit/s", 8 },
	{ 0 } };
static const struct rate worker_rates[] = { { "steps", "steps/s", 1 }, { "idle", "idle/s", 1 },
	{ "sleeps", "sleeps/s", 1 }, { 0 } };
static const struct rate sa_rates[] = { { "packets", "packets/s", 1 }, { "bytes", "bit/s", 8 },
	{ 0 } };

static bool
same_object(const json_t *a, const json_t *b, const char *const *keys)
{
	for (; *keys != NULL; keys++) {
		if (!json_equal(json_object_get(a, *keys), json_object_get(b, *keys)))
			return false;
	}
	return true;
}

/* Objects of both lists usually have the same index; when something came or went, search. */
static const json_t *
find_before(const json_t *before, size_t i, const json_t *o, const char *const *keys)
{
	if (same_object(json_array_get(before, i), o, keys))
		return json_array_get(before, i);
	for (size_t k = 0; k < json_array_size(before); k++) {
		if (same_object(json_array_get(before, k), o, keys))
			return json_array_get(before, k);
	}
	return NULL;
}

static void
add_rates(json_t *now, const json_t *before, const char *const *keys, const struct rate *rates,
	double seconds)
{
	for (size_t i = 0; i < json_array_size(now); i++) {
		json_t *o = json_array_get(now, i);
		const json_t *b = find_before(before, i, o, keys);

		for (const struct rate *r = rates; b != NULL && r->counter != NULL; r++) {
			const json_int_t d = json_integer_value(json_object_get(o, r->counter)) -
				json_integer_value(json_object_get(b, r->counter));

			(void)json_object_set_new(o, r->field,
				json_real(d > 0 ? (double)d * r->factor / seconds : 0));
		}
	}
}

static void
add_busy(json_t *workers)
{
	for (size_t i = 0; i < json_array_size(workers); i++) {
		json_t *w = json_array_get(workers, i);
		const double steps = json_number_value(json_object_get(w, "steps/s"));
		const double idle = json_number_value(json_object_get(w, "idle/s"));

		if (steps > 0)
			(void)json_object_set_new(
				w, "busy", json_real(100 * (steps - idle) / steps));
	}
}

static json_t *
drop_rows(const json_t *now, const json_t *before, const json_t *reasons, double seconds)
{
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(reasons); i++) {
		json_t *row = json_copy(json_array_get(reasons, i));
		const char *name = json_string_value(json_object_get(row, "name"));
		json_t *n = name != NULL ? json_object_get(now, name) : NULL;
		const json_int_t d = n != NULL && before != NULL ?
			json_integer_value(n) - json_integer_value(json_object_get(before, name)) :
			0;

		if (n != NULL) {
			(void)json_object_set(row, "packets", n);
			(void)json_object_set_new(row, "rate", json_real((double)d / seconds));
			(void)json_array_append(list, row);
		}
		json_decref(row);
	}
	return list;
}

static void
show(json_t *now, const json_t *before, const json_t *reasons, double seconds)
{
	static const char *const by_name[] = { "name", NULL };
	static const char *const by_index[] = { "index", NULL };
	static const char *const by_spi[] = { "spi", "proto", "dst", NULL };
	json_t *ports = json_object_get(now, "ports");
	json_t *workers = json_object_get(now, "workers");
	json_t *sas = json_object_get(now, "sas");
	json_t *drops = drop_rows(
		json_object_get(now, "drops"), json_object_get(before, "drops"), reasons, seconds);

	add_rates(ports, json_object_get(before, "ports"), by_name, port_rates, seconds);
	add_rates(workers, json_object_get(before, "workers"), by_index, worker_rates, seconds);
	add_rates(sas, json_object_get(before, "sas"), by_spi, sa_rates, seconds);
	add_busy(workers);
	/* Home and clear: plain sequences that every terminal has. */
	if (isatty(STDOUT_FILENO) != 0)
		(void)fputs("\033[H\033[2J", stdout);
	printf("dpdk-ipsecgw, up %lld s, packet buffers in use %lld\n",
		(long long)json_integer_value(json_object_get(now, "uptime_s")),
		(long long)json_integer_value(
			json_object_get(json_object_get(now, "mbufs"), "in_use")));
	table_print(stdout, "Ports", ports, port_cols, "none");
	table_print(stdout, "Workers", workers, worker_cols, "none");
	table_print(stdout, "Security associations", sas, sa_cols, "none");
	table_print(stdout, "Drops", drops, drop_cols, "no packet was dropped");
	json_decref(drops);
}

static double
now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int
cmd_top(struct cmd_env *env, struct err *err)
{
	struct repeat r = { .interval_s = 1 };
	json_t *reasons = NULL;
	json_t *before = NULL;
	json_t *now = NULL;
	double then = now_s();
	int ret = repeat_parse(env, &r, err);

	if (ret == 0)
		ret = rpc_client_call(env->client, "drop.list", NULL, &reasons, err);
	for (long i = 0; ret == 0 && (r.count == 0 || i < r.count); i++) {
		double at;

		/* The first table has nothing to compare with: it shows totals at once. */
		if (i > 0)
			repeat_sleep(&r);
		ret = rpc_client_call(env->client, "stats.get", NULL, &now, err);
		if (ret != 0)
			break;
		at = now_s();
		show(now, before, reasons, at > then ? at - then : 1);
		then = at;
		json_decref(before);
		before = now;
	}
	json_decref(before);
	json_decref(reasons);
	return ret;
}
