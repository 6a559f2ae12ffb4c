/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "table.h"

static const struct column port_cols[] = { { "port", "name", CELL_TEXT },
	{ "link", "link", CELL_TEXT }, { "rx packets", "rx_pkts", CELL_COUNT },
	{ "rx bytes", "rx_bytes", CELL_COUNT }, { "tx packets", "tx_pkts", CELL_COUNT },
	{ "tx bytes", "tx_bytes", CELL_COUNT }, { "hw missed", "hw.rx_missed", CELL_COUNT },
	{ "hw errors", "hw.rx_errors", CELL_COUNT }, { "mac", "mac", CELL_TEXT }, { 0 } };
static const struct column worker_cols[] = { { "worker", "index", CELL_COUNT },
	{ "lcore", "lcore", CELL_COUNT }, { "steps", "steps", CELL_COUNT },
	{ "idle", "idle", CELL_COUNT }, { "sleeps", "sleeps", CELL_COUNT },
	{ "punted", "punted", CELL_COUNT }, { "injected", "injected", CELL_COUNT },
	{ "unprotected", "use_clear", CELL_COUNT }, { 0 } };
static const struct column drop_cols[] = { { "packets", "packets", CELL_COUNT },
	{ "reason", "name", CELL_TEXT }, { "meaning", "doc", CELL_TEXT }, { 0 } };
static const struct column sa_cols[] = { { "spi", "spi", CELL_HEX }, { "dir", "dir", CELL_TEXT },
	{ "source", "src", CELL_TEXT }, { "destination", "dst", CELL_TEXT },
	{ "encryption", "enc", CELL_TEXT }, { "integrity", "auth", CELL_TEXT },
	{ "state", "state", CELL_TEXT }, { "engine", "engine", CELL_TEXT },
	{ "packets", "packets", CELL_COUNT }, { "bytes", "bytes", CELL_COUNT },
	{ "seq", "seq", CELL_COUNT }, { "replayed", "replayed", CELL_COUNT },
	{ "bad icv", "auth_fail", CELL_COUNT }, { "lost", "lost", CELL_COUNT }, { 0 } };
static const struct column policy_cols[] = { { "id", "id", CELL_COUNT },
	{ "dir", "dir", CELL_TEXT }, { "source", "src", CELL_TEXT },
	{ "destination", "dst", CELL_TEXT }, { "proto", "proto", CELL_TEXT },
	{ "action", "action", CELL_TEXT }, { "packets", "packets", CELL_COUNT },
	{ "bytes", "bytes", CELL_COUNT }, { "requests", "requests", CELL_TEXT }, { 0 } };
static const struct column crypto_cols[] = { { "engine", "engine", CELL_TEXT },
	{ "device", "device", CELL_TEXT }, { "encryption", "enc", CELL_TEXT },
	{ "integrity", "auth", CELL_TEXT }, { "key bits", "key_bits", CELL_COUNT },
	{ "works", "passed", CELL_TEXT }, { "cycles at 64", "cycles_64", CELL_COUNT },
	{ "at 1420", "cycles_1420", CELL_COUNT }, { 0 } };
static const struct column reason_cols[] = { { "reason", "name", CELL_TEXT },
	{ "packets", "packets", CELL_COUNT }, { "NetBSD counter", "netbsd", CELL_TEXT },
	{ "meaning", "doc", CELL_TEXT }, { 0 } };
static const struct column neighbour_cols[] = { { "address", "address", CELL_TEXT },
	{ "interface", "interface", CELL_TEXT }, { "mac", "mac", CELL_TEXT },
	{ "state", "state", CELL_TEXT }, { "age s", "age_s", CELL_COUNT }, { 0 } };
static const struct column iface_cols[] = { { "interface", "name", CELL_TEXT },
	{ "port", "port", CELL_TEXT }, { "vlan", "vlan", CELL_COUNT }, { "mtu", "mtu", CELL_COUNT },
	{ "addresses", "addresses", CELL_TEXT }, { 0 } };

/* Of all reasons, those that happened. @return new list */
static json_t *
reasons_that_happened(const json_t *drops, const json_t *reasons)
{
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(reasons); i++) {
		json_t *r = json_array_get(reasons, i);
		const char *name = json_string_value(json_object_get(r, "name"));
		json_t *n = name != NULL ? json_object_get(drops, name) : NULL;
		json_t *row;

		if (n == NULL)
			continue;
		row = json_copy(r);
		/* The count of the same moment as the other tables. */
		(void)json_object_set(row, "packets", n);
		(void)json_array_append_new(list, row);
	}
	return list;
}

void
stats_print(const json_t *stats, const json_t *reasons)
{
	json_t *drops = reasons_that_happened(json_object_get(stats, "drops"), reasons);

	table_print(stdout, "Ports", json_object_get(stats, "ports"), port_cols, "none");
	table_print(stdout, "Workers", json_object_get(stats, "workers"), worker_cols, "none");
	table_print(stdout, "Drops", drops, drop_cols, "no packet was dropped");
	table_print(
		stdout, "Security associations", json_object_get(stats, "sas"), sa_cols, "none");
	table_print(stdout, "Policies", json_object_get(stats, "policies"), policy_cols, "none");
	printf("Up %lld s, packet buffers in use %lld, free %lld\n",
		(long long)json_integer_value(json_object_get(stats, "uptime_s")),
		(long long)json_integer_value(
			json_object_get(json_object_get(stats, "mbufs"), "in_use")),
		(long long)json_integer_value(
			json_object_get(json_object_get(stats, "mbufs"), "free")));
	json_decref(drops);
}

static int
print_json(const json_t *v, struct err *err)
{
	if (json_dumpf(v, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0 || putchar('\n') == EOF)
		return err_set(err, -EIO, "cannot write to standard output");
	return 0;
}

static int
number(const char *text, double min, double *out)
{
	char *end = NULL;
	const double v = text != NULL ? strtod(text, &end) : 0;

	if (text == NULL || *text == '\0' || *end != '\0' || !isfinite(v) || v < min || v > 1e6)
		return -EINVAL;
	*out = v;
	return 0;
}

int
repeat_parse(const struct cmd_env *env, struct repeat *r, struct err *err)
{
	double v;

	for (int i = 1; i < env->argc; i++) {
		const char *arg = env->argv[i];

		if (strcmp(arg, "--json") == 0) {
			r->json = true;
		} else if (strcmp(arg, "--interval") == 0) {
			if (number(env->argv[++i], 0.1, &r->interval_s) != 0)
				return err_set(
					err, -EINVAL, "--interval needs seconds, at least 0.1");
		} else if (strcmp(arg, "--count") == 0) {
			if (number(env->argv[++i], 1, &v) != 0)
				return err_set(err, -EINVAL, "--count needs a number, at least 1");
			r->count = (long)v;
		} else {
			return err_set(err, -EINVAL, "%s does not take \"%s\": see --help",
				env->argv[0], arg);
		}
	}
	if (r->count > 0 && r->interval_s == 0)
		r->interval_s = 1;
	return 0;
}

void
repeat_sleep(const struct repeat *r)
{
	const struct timespec ts = { (time_t)r->interval_s,
		(long)((r->interval_s - floor(r->interval_s)) * 1e9) };

	(void)fflush(stdout);
	(void)nanosleep(&ts, NULL);
}

static int
no_arguments(const struct cmd_env *env, struct err *err)
{
	return env->argc == 1 ?
		0 :
		err_set(err, -EINVAL, "%s takes no argument: see --help", env->argv[0]);
}

static int
cmd_stats(struct cmd_env *env, struct err *err)
{
	struct repeat r = { 0 };
	json_t *reasons = NULL;
	json_t *stats = NULL;
	int ret = repeat_parse(env, &r, err);

	if (ret == 0)
		ret = rpc_client_call(env->client, "drop.list", NULL, &reasons, err);
	for (long i = 0; ret == 0; i++) {
		ret = rpc_client_call(env->client, "stats.get", NULL, &stats, err);
		if (ret != 0)
			break;
		if (r.json)
			ret = print_json(stats, err);
		else
			stats_print(stats, reasons);
		json_decref(stats);
		if (r.interval_s == 0 || (r.count > 0 && i + 1 >= r.count))
			break;
		repeat_sleep(&r);
	}
	json_decref(reasons);
	return ret;
}

/* Commands that show one list: method, table. */
static int
show(struct cmd_env *env, const char *method, const struct column *cols, struct err *err)
{
	json_t *list = NULL;
	int ret = no_arguments(env, err);

	if (ret == 0)
		ret = rpc_client_call(env->client, method, NULL, &list, err);
	if (ret == 0)
		table_print(stdout, env->argv[0], list, cols, "none");
	json_decref(list);
	return ret;
}

static int
cmd_sa(struct cmd_env *env, struct err *err)
{
	return show(env, "sa.list", sa_cols, err);
}

static int
cmd_policy(struct cmd_env *env, struct err *err)
{
	return show(env, "sp.list", policy_cols, err);
}

static int
cmd_neighbours(struct cmd_env *env, struct err *err)
{
	return show(env, "neighbour.list", neighbour_cols, err);
}

static int
cmd_crypto(struct cmd_env *env, struct err *err)
{
	return show(env, "crypto.list", crypto_cols, err);
}

static int
cmd_reasons(struct cmd_env *env, struct err *err)
{
	return show(env, "drop.list", reason_cols, err);
}

static int
cmd_ports(struct cmd_env *env, struct err *err)
{
	json_t *ports = NULL;
	json_t *all = json_array();
	int ret = no_arguments(env, err);

	if (ret == 0)
		ret = rpc_client_call(env->client, "port.list", NULL, &ports, err);
	for (size_t i = 0; i < json_array_size(ports); i++) {
		json_t *p = json_array_get(ports, i);
		json_t *ifs = json_object_get(p, "interfaces");

		for (size_t k = 0; k < json_array_size(ifs); k++) {
			(void)json_object_set(
				json_array_get(ifs, k), "port", json_object_get(p, "name"));
			(void)json_array_append(all, json_array_get(ifs, k));
		}
	}
	if (ret == 0) {
		table_print(stdout, "ports", ports, port_cols, "none");
		table_print(stdout, "interfaces", all, iface_cols, "none");
	}
	json_decref(all);
	json_decref(ports);
	return ret;
}

static int
cmd_rpc(struct cmd_env *env, struct err *err)
{
	json_error_t je;
	json_t *params = NULL;
	json_t *result = NULL;
	int ret;

	if (env->argc < 2 || env->argc > 3)
		return err_set(err, -EINVAL,
			"rpc needs a method, and perhaps its arguments as a JSON object; "
			"\"rpc rpc.methods\" lists the methods");
	if (env->argc == 3) {
		params = json_loads(env->argv[2], JSON_REJECT_DUPLICATES, &je);
		if (params == NULL)
			return err_set(
				err, -EINVAL, "arguments: byte %d: %s", je.position, je.text);
	}
	ret = rpc_client_call(env->client, env->argv[1], params, &result, err);
	if (ret == 0)
		ret = print_json(result, err);
	json_decref(result);
	return ret;
}

static const struct command commands[] = {
	{ "stats", cmd_stats, "[--json] [--interval N [--count M]]", "all counters" },
	{ "netstat", cmd_netstat, "[-s] [-p PROTO]", "counters as NetBSD's netstat prints them" },
	{ "top", cmd_top, "[--interval N] [--count M]", "live table with rates" },
	{ "sa", cmd_sa, "", "security associations" },
	{ "policy", cmd_policy, "", "policies in the order in which they match" },
	{ "ports", cmd_ports, "", "ports and interfaces" },
	{ "neighbours", cmd_neighbours, "", "hosts on the links" },
	{ "crypto", cmd_crypto, "", "algorithms of each engine and what they cost" },
	{ "sysctl", cmd_sysctl, "[-a] [-n] [-j] [-d] [NAME[=VALUE] ...]",
		"show or set parameters" },
	{ "reasons", cmd_reasons, "", "every reason to drop a packet, and what it means" },
	{ "audit", cmd_audit, "[-f] [-j]", "events that RFC 4301 wants recorded" },
	{ "rpc", cmd_rpc, "METHOD [JSON]", "call any method" },
};

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

const struct command *
command_at(size_t i)
{
	return i < ARRAY_LEN(commands) ? &commands[i] : NULL;
}
