/* SPDX-License-Identifier: BSD-2-Clause */
/* The JSON-RPC socket with real snapshots, keys and engines behind it; clients of every temper. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include <cmocka.h>
#include <jansson.h>

#include "ctl/rpc_methods.h"
#include "ctl/rpc_sock.h"
#include "dp/eal.h"
#include "keyd/key_params.h"
#include "rpc/client.h"
#include "support/rng.h"

#define CLIENTS_MAX 16u
#define KEY_HEX_1   "00112233445566778899aabbccddeeff01020304"

static struct portset ports;
static struct crypto *crypto;
static struct snap *snap;
static struct keyd kd;
static struct worker_rows rows;
static struct lane *lane;
static const struct worker_rows *const row_list[] = { &rows };
static const struct lane *lane_list[1];
static struct rpc_env env;
static struct audit_log audit;
static char dir[] = "/tmp/test_ctl.XXXXXX";
static char path[100];
static struct rpc_sock *rs;
static pthread_t server;
static _Atomic bool stopping;
static _Atomic int fail_commits; /* this many commits fail */
static _Atomic unsigned int commits;

static uint64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int
commit(void *arg, struct err *err)
{
	struct rpc_env *e = arg;

	commits++;
	if (fail_commits > 0) {
		/* The failure is made here; what follows it is the real code's business. */
		fail_commits--;
		*snap_knobs(e->snap) = e->committed;
		return err_set(err, -ENOBUFS, "no room");
	}
	return rpc_commit(arg, err);
}

static void *
serve(void *arg)
{
	struct pollfd p = { .fd = rpc_sock_fd(rs), .events = POLLIN };

	(void)arg;
	while (!stopping) {
		(void)poll(&p, 1, 20);
		rpc_sock_serve(rs, now_ms());
		rpc_sock_tick(rs, now_ms());
	}
	return NULL;
}

static void
add_database(void)
{
	struct sa_spec sa = { .spi = 0x1001,
		.enc = alg_by_name(ALG_ENC, "aes-gcm-16"),
		.window_pkts = 64,
		.idx = {
			test_ip("192.0.2.1"), test_ip("192.0.2.2"), IPPROTO_ESP, MODE_TUNNEL, 0 } };
	struct sp_spec sp = { .sel = { test_ip("10.1.0.0/16"), test_ip("10.2.0.0/16"), ULPROTO_ANY,
				      DIR_OUT },
		.action = SP_IPSEC,
		.nreq = 1,
		.req = { { IPPROTO_ESP, MODE_TUNNEL, LEVEL_REQUIRE, 0, test_ip("192.0.2.1"),
			test_ip("192.0.2.2") } } };
	const uint8_t key[20] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa,
		0xbb, 0xcc, 0xdd, 0xee, 0xff, 1, 2, 3, 4 };
	struct err err = { 0 };

	assert_int_equal(secret_set(&sa.enckey, key, sizeof(key)), 0);
	if (keyd_sa_add(&kd, &sa, &err) != 0 || keyd_sp_add(&kd, &sp, NULL, &err) != 0)
		fail_msg("%s", err.text);
}

static int
start(void **state)
{
	const struct crypto_conf cc = { .nworkers = 1 };
	struct snap_conf sc = {
		.nworkers = 1, .max_sa = 1024, .max_acl_bytes = 64u << 20, .ports = &ports
	};
	struct rpc_sock_conf rc = { .path = path,
		.table = rpc_methods(),
		.ctx = &env,
		.commit = commit,
		.max_clients = CLIENTS_MAX,
		.queue_bytes = 64 * 1024,
		.stall_ms = 300 };
	struct err err = { 0 };

	(void)state;
	test_eal(512, NULL);
	ports.nport = 1;
	ports.port[0].id = RTE_MAX_ETHPORTS;
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
	add_database();
	assert_int_equal(snap_commit(snap, &err), 0);
	lane = aligned_alloc(64, RTE_ALIGN(sizeof(*lane), 64));
	memset(lane, 0, sizeof(*lane));
	lane->drop[DROP_IP_TTL] = 7;
	rows.port[0].rx_pkts = UINT64_C(1) << 40;
	lane_list[0] = lane;
	audit_log_init(&audit);
	env = (struct rpc_env){ .stats = { .rows = row_list,
					.lanes = lane_list,
					.nworkers = 1,
					.keyd = &kd,
					.snap = snap,
					.crypto = crypto,
					.ports = &ports,
					.start_tsc = rte_rdtsc() },
		.snap = snap,
		.audit = &audit };
	rpc_env_committed(&env);
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/made/rpc.sock", dir);
	rs = rpc_sock_open(&rc, &err);
	if (rs == NULL)
		fail_msg("%s", err.text);
	return pthread_create(&server, NULL, serve, NULL);
}

static int
stop(void **state)
{
	uint64_t created;
	uint64_t destroyed;

	(void)state;
	stopping = true;
	(void)pthread_join(server, NULL);
	rpc_sock_close(rs);
	assert_int_equal(access(path, F_OK), -1);
	(void)snprintf(path, sizeof(path), "%s/made", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
	keyd_sa_flush(&kd, 0);
	keyd_sp_flush(&kd);
	assert_int_equal(snap_commit(snap, NULL), 0);
	snap_free(snap);
	keyd_fini(&kd);
	crypto_session_counts(crypto, &created, &destroyed);
	assert_int_equal(created, destroyed);
	crypto_free(crypto);
	free(lane);
	return rte_eal_cleanup();
}

static struct rpc_client *
client(void)
{
	struct rpc_client *c = NULL;
	struct err err = { 0 };

	if (rpc_client_open(path, 5000, &c, &err) != 0)
		fail_msg("%s", err.text);
	return c;
}

static json_t *
call(struct rpc_client *c, const char *method, json_t *params)
{
	json_t *result = NULL;
	struct err err = { 0 };

	if (rpc_client_call(c, method, params, &result, &err) != 0)
		fail_msg("%s: %s", method, err.text);
	return result;
}

static int
raw(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = 5 };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	return fd;
}

/* Read until n newlines, the end or a time-out. @return newlines seen */
static unsigned int
read_lines(int fd, unsigned int n, char *buf, size_t cap)
{
	size_t len = 0;
	unsigned int lines = 0;

	while (lines < n && len < cap - 1) {
		const ssize_t got = read(fd, buf + len, cap - 1 - len);

		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++)
			lines += buf[len + (size_t)i] == '\n';
		len += (size_t)got;
	}
	buf[len] = '\0';
	return lines;
}

static void
sock_is_private_and_in_a_made_directory(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(S_ISSOCK(st.st_mode));
}

static void
sock_refuses_a_path_that_is_taken(void **state)
{
	const struct rpc_sock_conf conf = {
		.path = path, .table = rpc_methods(), .ctx = &env, .commit = commit
	};
	struct rpc_sock_conf other = conf;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct err err = { 0 };
	struct rpc_sock *s;
	char file[100];
	int fd;

	(void)state;
	assert_null(rpc_sock_open(&conf, &err));
	assert_int_equal(err.code, -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	/* Not a socket: never removed. */
	(void)snprintf(file, sizeof(file), "%s/file", dir);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	other.path = file;
	assert_null(rpc_sock_open(&other, &err));
	assert_int_equal(err.code, -EEXIST);
	assert_int_equal(unlink(file), 0);
	/* A stale one is taken over, and removed at the end. */
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", file);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
	s = rpc_sock_open(&other, &err);
	assert_non_null(s);
	rpc_sock_close(s);
	assert_int_equal(access(file, F_OK), -1);
}

static void
methods_all_answer(void **state)
{
	struct rpc_client *c = client();
	json_t *list = call(c, "rpc.methods", NULL);

	(void)state;
	assert_true(json_array_size(list) >= 12);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *m = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(m, "name"));

		assert_true(strlen(json_string_value(json_object_get(m, "doc"))) > 5);
		/* Those that need no argument. */
		if (strchr(json_string_value(json_object_get(m, "params")), ':') == NULL ||
			strchr(json_string_value(json_object_get(m, "params")), '?') != NULL)
			json_decref(call(c, name, NULL));
	}
	json_decref(list);
	rpc_client_close(c);
}

/* Run the program that meson names. No name may be lost between method and table. @return its output */
static const char *
ipsecgwctl(const char *command)
{
	static char text[65536];
	char line[512];
	FILE *f;

	(void)snprintf(line, sizeof(line), "\"$IPSECGWCTL\" -s %s %s", path, command);
	f = popen(line, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	assert_int_equal(pclose(f), 0);
	return text;
}

static void
ipsecgwctl_prints_every_reason_and_parameter(void **state)
{
	const struct params_tree *t = key_params_tree();
	const char *text = ipsecgwctl("reasons");

	(void)state;
	for (unsigned int r = 0; r < DROP_MAX; r++)
		assert_true(strstr(text, drop_name(r)) && strstr(text, drop_doc(r)));
	text = ipsecgwctl("sysctl -a -d");
	for (size_t i = 0; i < t->n; i++)
		assert_true(strstr(text, t->rows[i].name) && strstr(text, t->rows[i].doc));
	assert_string_equal(ipsecgwctl("sysctl -n net.inet.ip.ttl"), "64\n");
	assert_non_null(strstr(ipsecgwctl("netstat -s -p esp"), "esp packets with no SA"));
	assert_non_null(strstr(ipsecgwctl("audit"), "seq_overflow"));
}

static void
stats_get_sums_rows(void **state)
{
	struct rpc_client *c = client();
	json_t *s = call(c, "stats.get", NULL);
	json_t *port = json_array_get(json_object_get(s, "ports"), 0);
	json_t *sa = json_array_get(json_object_get(s, "sas"), 0);
	json_t *sp = json_array_get(json_object_get(s, "policies"), 0);
	json_t *reqs = json_object_get(sp, "requests");

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(port, "rx_pkts")), UINT64_C(1) << 40);
	assert_string_equal(json_string_value(json_object_get(port, "name")), "wan");
	assert_int_equal(json_object_size(json_object_get(s, "drops")), 1);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(s, "drops"), "ip.ttl")), 7);
	assert_int_equal(json_integer_value(json_object_get(sa, "spi")), 0x1001);
	assert_string_equal(json_string_value(json_object_get(sa, "engine")), "direct");
	assert_string_equal(json_string_value(json_object_get(sp, "src")), "10.1.0.0/16");
	assert_string_equal(json_string_value(json_array_get(reqs, 0)),
		"esp/tunnel/192.0.2.1-192.0.2.2/require");
	assert_int_equal(json_array_size(json_object_get(
				 json_array_get(json_object_get(s, "workers"), 0), "stages")),
		STAGE_MAX);
	json_decref(s);
	rpc_client_close(c);
}

static void
answers_never_hold_a_key(void **state)
{
	static const char *const names[] = { "sa.list", "stats.get", "sp.list" };
	struct rpc_client *c = client();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		json_t *r = call(c, names[i], NULL);
		char *text = json_dumps(r, 0);

		assert_non_null(strstr(text, "192.0.2.2"));
		/* Any eight hexadecimal digits of the key in a row would be too many. */
		for (size_t k = 0; k + 8 <= strlen(KEY_HEX_1); k += 2) {
			char part[9] = { 0 };

			memcpy(part, &KEY_HEX_1[k], 8);
			assert_null(strstr(text, part));
		}
		free(text);
		json_decref(r);
	}
	rpc_client_close(c);
}

static void
sysctl_set_is_in_force_when_acknowledged(void **state)
{
	struct rpc_client *c = client();

	(void)state;
	for (int v = 0; v < 3; v++) {
		const struct snapshot *s;

		json_decref(call(c, "sysctl.set",
			json_pack("{s:s,s:i}", "name", "net.inet.ipsec.dfbit", "value", v)));
		s = atomic_load_explicit(snap_current(snap), memory_order_acquire);
		assert_int_equal(s->knobs.dfbit, v);
	}
	rpc_client_close(c);
}

static void
sysctl_refuses_with_the_path(void **state)
{
	static const struct {
		const char *name;
		int value;
		const char *want;
	} bad[] = {
		{ "net.inet.ipsec.def_policy", 2, "EINVAL" },
		{ "net.inet.ipsec.none", 2, "ENOENT" },
	};
	struct rpc_client *c = client();
	json_t *result = NULL;
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(
			rpc_client_call(c, "sysctl.set",
				json_pack("{s:s,s:i}", "name", bad[i].name, "value", bad[i].value),
				&result, &err),
			-EREMOTEIO);
		assert_non_null(strstr(err.text, bad[i].want));
	}
	rpc_client_close(c);
}

static void
failed_commit_answers_every_staged_call_and_rolls_back(void **state)
{
	static const char batch[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sysctl.set\",\"params\":"
		"{\"name\":\"net.inet.ipsec.ip_x\",\"value\":1}}\n"
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"sysctl.set\",\"params\":"
		"{\"name\":\"net.inet.ipsec.debug\",\"value\":5}}\n"
		"[{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"version\"},"
		"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"sysctl.set\",\"params\":"
		"{\"name\":\"net.inet.ipsec.debug\",\"value\":6}}]\n"
		"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"version\"}\n";
	struct rpc_client *c = client();
	const int fd = raw();
	char buf[4096];
	json_t *got;

	(void)state;
	fail_commits = 1;
	assert_int_equal(write(fd, batch, sizeof(batch) - 1), sizeof(batch) - 1);
	assert_int_equal(read_lines(fd, 4, buf, sizeof(buf)), 4);
	assert_non_null(strstr(buf, "{\"code\":-2,")); /* 1: no such parameter */
	assert_non_null(strstr(
		buf, "\"id\":2,\"error\":{\"code\":-105,\"message\":\"not in force: no room\"}"));
	assert_non_null(strstr(buf, "\"id\":4,\"error\":{\"code\":-105"));
	assert_null(strstr(buf, "\"value\":5"));
	assert_true(strstr(buf, "\"id\":2") < strstr(buf, "\"id\":3"));
	assert_true(strstr(buf, "\"id\":4") < strstr(buf, "\"id\":5"));
	got = call(c, "sysctl.get", json_pack("{s:s}", "name", "net.inet.ipsec.debug"));
	assert_int_equal(json_integer_value(json_object_get(got, "value")), 0);
	json_decref(got);
	close(fd);
	rpc_client_close(c);
}

static void
pipelined_changes_share_commits(void **state)
{
	char text[64 * 160] = "";
	char *buf = calloc(1, 65536);
	const unsigned int before = commits;
	const int fd = raw();
	size_t len = 0;

	(void)state;
	for (unsigned int i = 0; i < 64; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"sysctl.set\",\"params\":"
			"{\"name\":\"net.inet.ipsec.debug\",\"value\":0}}\n",
			i);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(read_lines(fd, 64, buf, 65536), 64);
	/* One write is at most a few rounds; one commit per call would be 64. */
	assert_in_range(commits - before, 1, 16);
	close(fd);
	free(buf);
}

static void
clients_at_once_all_get_their_answers(void **state)
{
	uint64_t rng = rng_seed("clients");
	struct rpc_client *c[7];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		c[i] = client();
	for (unsigned int k = 0; k < 300; k++) {
		const size_t i = rng_next(&rng) % ARRAY_LEN(c);
		const int v = (int)(rng_next(&rng) % 1000);
		json_t *r = call(c[i], "sysctl.set",
			json_pack("{s:s,s:i}", "name", "net.inet.ipsec.debug", "value", v));
		json_t *g = call(c[rng_next(&rng) % ARRAY_LEN(c)], "sysctl.get",
			json_pack("{s:s}", "name", "net.inet.ipsec.debug"));

		assert_int_equal(json_integer_value(json_object_get(g, "value")), v);
		json_decref(r);
		json_decref(g);
	}
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		rpc_client_close(c[i]);
}

static void
wait_for_clients(unsigned int n)
{
	for (unsigned int i = 0; i < 500 && rpc_sock_clients(rs) != n; i++)
		(void)usleep(10000);
	assert_int_equal(rpc_sock_clients(rs), n);
}

static void
one_client_too_many_is_refused(void **state)
{
	struct rpc_client *c[CLIENTS_MAX];
	struct rpc_client *more = NULL;
	struct err err = { 0 };
	json_t *result = NULL;

	(void)state;
	wait_for_clients(0);
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		c[i] = client();
		json_decref(call(c[i], "version", NULL));
	}
	if (rpc_client_open(path, 2000, &more, &err) == 0)
		assert_int_not_equal(rpc_client_call(more, "version", NULL, &result, &err), 0);
	rpc_client_close(more);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		rpc_client_close(c[i]);
	wait_for_clients(0);
}

static void
garbage_is_answered_and_survived(void **state)
{
	uint64_t rng = rng_seed("garbage");
	struct rpc_client *c = client();
	char buf[4096];

	(void)state;
	for (unsigned int k = 0; k < 50; k++) {
		const int fd = raw();
		char junk[512];

		for (size_t i = 0; i < sizeof(junk); i++)
			junk[i] = (char)rng_next(&rng);
		junk[0] = 'x';
		junk[sizeof(junk) - 1] = '\n';
		assert_int_equal(write(fd, junk, sizeof(junk)), sizeof(junk));
		assert_true(read_lines(fd, 1, buf, sizeof(buf)) >= 1);
		assert_non_null(strstr(buf, "-32700"));
		close(fd);
	}
	json_decref(call(c, "version", NULL));
	rpc_client_close(c);
}

static void
bytes_one_by_one_and_half_close_are_served(void **state)
{
	static const char text[] = "\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}\n";
	const int fd = raw();
	char buf[512];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		assert_int_equal(write(fd, text + i, 1), 1);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(read_lines(fd, 2, buf, sizeof(buf)), 1);
	assert_non_null(strstr(buf, "dpdk-ipsecgw"));
	close(fd);
}

static void
an_oversized_line_costs_its_own_connection(void **state)
{
	struct rpc_client *c = client();
	const int fd = raw();
	char *big = malloc(RPC_LINE_MAX + 65536);
	char buf[512];
	size_t sent = 0;

	(void)state;
	memset(big, ' ', RPC_LINE_MAX + 65536);
	while (sent < RPC_LINE_MAX + 65536) {
		const ssize_t n = send(fd, big + sent, RPC_LINE_MAX + 65536 - sent, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	assert_int_equal(read_lines(fd, 2, buf, sizeof(buf)), 1);
	assert_non_null(strstr(buf, "-32600"));
	close(fd);
	free(big);
	json_decref(call(c, "version", NULL));
	rpc_client_close(c);
}

/* Asks without end and never reads: it is paused, then closed; others are served all the while. */
static void
a_slow_reader_loses_only_its_own_connection(void **state)
{
	static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"stats.get\"}\n";
	struct rpc_client *c = client();
	const int fd = raw();
	uint64_t begin = now_ms();
	bool closed = false;

	(void)state;
	while (!closed && now_ms() - begin < 10000) {
		const ssize_t n = send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);

		closed = n < 0 && errno != EAGAIN;
		if (n < 0) {
			json_decref(call(c, "version", NULL));
			(void)usleep(10000);
		}
	}
	assert_true(closed);
	json_decref(call(c, "version", NULL));
	close(fd);
	rpc_client_close(c);
	wait_for_clients(0);
}

/* Asks for more than the queue holds, then reads: nothing is lost. */
static void
a_late_reader_gets_everything(void **state)
{
	static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"stats.get\"}\n";
	const int fd = raw();
	char *buf = malloc(4u << 20);

	(void)state;
	for (unsigned int i = 0; i < 400; i++)
		assert_int_equal(write(fd, ask, sizeof(ask) - 1), sizeof(ask) - 1);
	assert_int_equal(read_lines(fd, 400, buf, 4u << 20), 400);
	close(fd);
	free(buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sock_is_private_and_in_a_made_directory),
		cmocka_unit_test(sock_refuses_a_path_that_is_taken),
		cmocka_unit_test(methods_all_answer),
		cmocka_unit_test(ipsecgwctl_prints_every_reason_and_parameter),
		cmocka_unit_test(stats_get_sums_rows),
		cmocka_unit_test(answers_never_hold_a_key),
		cmocka_unit_test(sysctl_set_is_in_force_when_acknowledged),
		cmocka_unit_test(sysctl_refuses_with_the_path),
		cmocka_unit_test(failed_commit_answers_every_staged_call_and_rolls_back),
		cmocka_unit_test(pipelined_changes_share_commits),
		cmocka_unit_test(clients_at_once_all_get_their_answers),
		cmocka_unit_test(one_client_too_many_is_refused),
		cmocka_unit_test(garbage_is_answered_and_survived),
		cmocka_unit_test(bytes_one_by_one_and_half_close_are_served),
		cmocka_unit_test(an_oversized_line_costs_its_own_connection),
		cmocka_unit_test(a_slow_reader_loses_only_its_own_connection),
		cmocka_unit_test(a_late_reader_gets_everything),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
