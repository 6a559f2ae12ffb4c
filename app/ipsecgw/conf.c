/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration file, top down. conf_scan.c knows where everything is, conf_json.c reads objects by
 * tables of fields, conf_port.c and conf_route.c know the two large lists, conf_diff.c what a reload may
 * change. The same format is written down a second time in config/ipsecgw.schema.json and a third time
 * in dpdk-ipsecgw(8); a test compares the three.
 */
#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_priv.h"
#include "keyd/key_params.h"

#define MBUFS_MIN     1024u
#define MBUFS_MAX     8388608u
#define MBUF_SIZE_MIN 1024u
#define MBUF_SIZE_MAX 16256u
#define SA_MAX        4194304u
#define ACL_BYTES_MIN 1048576u
/* Behind the IP packet: Ethernet header, VLAN tag, and the longest ESP trailer with its ICV. */
#define FRAME_ROOM (14u + 4u + 64u)

static int
read_engine(struct reader *r, const struct node *n, void *field)
{
	static const char *const name[] = {
		[CRYPTO_AUTO] = "auto",
		[CRYPTO_DIRECT] = "direct",
		[CRYPTO_LOOKASIDE] = "lookaside",
	};
	const char *s = conf_string(r, n);
	enum crypto_engine *engine = field;

	if (s == NULL)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_LEN(name); i++) {
		if (strcmp(name[i], s) == 0) {
			*engine = (enum crypto_engine)i;
			return 0;
		}
	}
	return conf_wrong(r, n, "no such engine; expected auto, direct or lookaside");
}

static int
read_crypto_device(struct reader *r, const struct node *n)
{
	struct conf *c = r->c;

	if (conf_read_device(r, n, c->crypto_device[c->ncrypto_device]) != 0)
		return -EINVAL;
	c->ncrypto_device++;
	return 0;
}

static int
read_crypto_devices(struct reader *r, const struct node *n, void *field)
{
	(void)field;
	return conf_read_array(r, n, 0, CRYPTO_DEV_MAX, read_crypto_device);
}

static int
read_compress_device(struct reader *r, const struct node *n, void *field)
{
	(void)field;
	return conf_read_device(r, n, r->c->compress_device);
}

static int
read_crypto(struct reader *r, const struct node *n, void *field)
{
	static const struct field rows[] = {
		{ .key = "engine",
			.kind = FIELD_FN,
			.off = offsetof(struct conf, engine),
			.fn = read_engine },
		{ .key = "devices", .kind = FIELD_FN, .fn = read_crypto_devices },
		{ .key = "compress_device", .kind = FIELD_FN, .fn = read_compress_device },
		{ .key = "calibrate", .kind = FIELD_BOOL, .off = offsetof(struct conf, calibrate) },
	};

	if (conf_read_object(r, n, rows, ARRAY_LEN(rows), field) != 0)
		return -EINVAL;
	if (r->c->engine == CRYPTO_LOOKASIDE && r->c->ncrypto_device == 0)
		return conf_wrong(r, n,
			"the lookaside engine without a device; "
			"expected at least one in \"devices\"");
	return 0;
}

static int
read_buffers(struct reader *r, const struct node *n, void *field)
{
	static const struct field rows[] = {
		{ "count", FIELD_UINT, false, offsetof(struct conf, mbufs), sizeof(uint32_t),
			MBUFS_MIN, MBUFS_MAX, NULL },
		{ "size", FIELD_UINT, false, offsetof(struct conf, mbuf_size), sizeof(uint16_t),
			MBUF_SIZE_MIN, MBUF_SIZE_MAX, NULL },
	};

	return conf_read_object(r, n, rows, ARRAY_LEN(rows), field);
}

static int
read_limits(struct reader *r, const struct node *n, void *field)
{
	static const struct field rows[] = {
		{ "sa", FIELD_UINT, false, offsetof(struct conf, max_sa), sizeof(uint32_t), 1,
			SA_MAX, NULL },
		{ "acl_bytes", FIELD_UINT, false, offsetof(struct conf, max_acl_bytes),
			sizeof(uint32_t), ACL_BYTES_MIN, UINT32_MAX, NULL },
	};

	return conf_read_object(r, n, rows, ARRAY_LEN(rows), field);
}

static int
read_control(struct reader *r, const struct node *n, void *field)
{
	static const struct field rows[] = {
		{ "rpc", FIELD_STRING, false, offsetof(struct conf, rpc_path),
			sizeof(((struct conf *)0)->rpc_path), 2, 0, NULL },
	};
	struct node rpc = { .up = n, .key = "rpc" };

	if (conf_read_object(r, n, rows, ARRAY_LEN(rows), field) != 0)
		return -EINVAL;
	/* A daemon changes its directory; a relative socket would move with it. */
	if (r->c->rpc_path[0] != '/')
		return conf_wrong(r, &rpc, "a relative path; expected one that begins with '/'");
	return 0;
}

static int
read_parameter(struct reader *r, const struct node *n)
{
	const struct param *p = params_find(key_params_tree(), n->key);
	json_int_t v = json_integer_value(n->v);
	int ret;

	if (p == NULL)
		return conf_unknown_key(r, n, "a parameter that dpdk-ipsecgw(8) lists");
	if (p->read_only)
		return conf_wrong(r, n, "a read-only parameter; expected one that can be set");
	if (!json_is_integer(n->v))
		return conf_wrong(r, n, "not a whole number; expected %d to %d", p->min, p->max);
	ret = params_set(p, &r->c->knobs, NULL, v, NULL);
	if (ret != 0)
		return conf_wrong(r, n, "%lld is out of range; expected %d to %d", (long long)v,
			p->min, p->max);
	return 0;
}

static int
read_sysctl(struct reader *r, const struct node *n, void *field)
{
	(void)field;
	return conf_read_members(r, n, read_parameter);
}

static int
read_setkey_path(struct reader *r, const struct node *n)
{
	struct conf *c = r->c;
	char full[CONF_PATH_LEN];
	const char *s = conf_string(r, n);
	const char *slash = strrchr(c->path, '/');
	int dir = slash == NULL ? 0 : (int)(slash - c->path) + 1;
	int len;

	if (s == NULL)
		return -EINVAL;
	if (s[0] == '\0')
		return conf_wrong(r, n, "empty; expected the path of a setkey file");
	len = snprintf(full, sizeof(full), "%.*s%s", s[0] == '/' ? 0 : dir, c->path, s);
	if (len < 0 || (unsigned int)len >= sizeof(full))
		return conf_wrong(r, n,
			"path too long; expected at most %u bytes with the "
			"directory of this file",
			CONF_PATH_LEN - 1);
	for (unsigned int i = 0; i < c->nsetkey; i++) {
		if (strcmp(c->setkey[i], full) == 0)
			return conf_wrong(r, n, "setkey[%u] is this file; expected each once", i);
	}
	memcpy(c->setkey[c->nsetkey++], full, (size_t)len + 1);
	return 0;
}

static int
read_setkey(struct reader *r, const struct node *n, void *field)
{
	(void)field;
	return conf_read_array(r, n, 0, CONF_SETKEY_MAX, read_setkey_path);
}

static int
read_top(struct reader *r, json_t *tree)
{
	/* Ports first: what follows refers to them. */
	static const struct field rows[] = {
		{ .key = "ports", .kind = FIELD_FN, .required = true, .fn = conf_read_ports },
		{ .key = "routes", .kind = FIELD_FN, .fn = conf_read_routes },
		{ .key = "neighbours", .kind = FIELD_FN, .fn = conf_read_neighbours },
		{ .key = "crypto", .kind = FIELD_FN, .fn = read_crypto },
		{ .key = "buffers", .kind = FIELD_FN, .fn = read_buffers },
		{ .key = "limits", .kind = FIELD_FN, .fn = read_limits },
		{ .key = "control", .kind = FIELD_FN, .fn = read_control },
		{ .key = "sysctl", .kind = FIELD_FN, .fn = read_sysctl },
		{ .key = "setkey", .kind = FIELD_FN, .fn = read_setkey },
	};
	const struct node top = { .v = tree };

	return conf_read_object(r, &top, rows, ARRAY_LEN(rows), r->c);
}

static int
check_buffers(const struct conf *c, struct err *err)
{
	char path[32];

	for (unsigned int i = 0; i < c->nport; i++) {
		unsigned int need = c->port[i].dev.mtu + FRAME_ROOM;

		if (need <= c->mbuf_size)
			continue;
		(void)snprintf(path, sizeof(path), "ports[%u].mtu", i);
		return conf_error_at(c, err, -EINVAL, path,
			"a frame of %u bytes does not fit a buffer of %u; expected buffers.size of at least %u",
			c->port[i].dev.mtu, c->mbuf_size, need);
	}
	return 0;
}

/* @return a configuration with every default, or NULL */
static struct conf *
new_conf(const char *path, const char *text, size_t len)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->text = malloc(len + 1);
	if (c->text == NULL) {
		free(c);
		return NULL;
	}
	if (len > 0)
		memcpy(c->text, text, len);
	c->text[len] = '\0';
	c->text_len = len;
	(void)snprintf(c->path, sizeof(c->path), "%s", path);
	c->engine = CRYPTO_AUTO;
	c->calibrate = true;
	c->mbufs = 16384;
	c->mbuf_size = 2048;
	c->max_sa = 65536;
	c->max_acl_bytes = 256u << 20;
	(void)snprintf(c->rpc_path, sizeof(c->rpc_path), "/run/dpdk-ipsecgw/rpc.sock");
	c->knobs = (struct knobs)KNOBS_INIT;
	return c;
}

int
conf_parse(const char *path, const char *text, size_t len, struct conf **out, struct err *err)
{
	struct reader r = { .err = err };
	json_t *tree;
	int ret;

	*out = NULL;
	if (strlen(path) >= CONF_PATH_LEN)
		return err_set(err, -EINVAL,
			"path of the configuration too long; expected at most "
			"%u bytes",
			CONF_PATH_LEN - 1);
	r.c = new_conf(path, text, len);
	if (r.c == NULL)
		return err_set(err, -ENOMEM, "no memory for the configuration");
	tree = conf_json_parse(r.c, err);
	ret = tree == NULL ? -EINVAL : read_top(&r, tree);
	json_decref(tree);
	if (ret == 0)
		ret = check_buffers(r.c, err);
	if (ret != 0) {
		conf_free(r.c);
		return ret;
	}
	*out = r.c;
	return 0;
}

/* Read at most cap bytes; more is an error. Pipes have no size to ask for. */
static int
read_file(const char *path, char *text, size_t cap, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	int ret = 0;

	if (fd < 0)
		return -errno;
	*len = 0;
	while (n > 0 && *len < cap) {
		n = read(fd, text + *len, cap - *len);
		if (n > 0)
			*len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n < 0)
		ret = -errno;
	(void)close(fd);
	return ret;
}

/* Whether each setkey file can be opened: --check shall find what the start would. */
static int
check_setkey_files(const struct conf *c, struct err *err)
{
	char path[24];
	struct stat st;

	for (unsigned int i = 0; i < c->nsetkey; i++) {
		/* Opening a FIFO without O_NONBLOCK would wait for its writer. */
		int fd = open(c->setkey[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		int why = fd < 0 || fstat(fd, &st) != 0 ? errno : 0;

		if (why == 0 && !S_ISREG(st.st_mode))
			why = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		if (fd >= 0)
			(void)close(fd);
		if (why == 0)
			continue;
		(void)snprintf(path, sizeof(path), "setkey[%u]", i);
		return conf_error_at(c, err, -why, path, "%s: %s; expected a readable file",
			c->setkey[i], why == EINVAL ? "Not a regular file" : strerrordesc_np(why));
	}
	return 0;
}

int
conf_load(const char *path, struct conf **out, struct err *err)
{
	char *text = malloc(CONF_FILE_MAX + 1);
	size_t len = 0;
	int ret;

	*out = NULL;
	if (text == NULL)
		return err_set(err, -ENOMEM, "no memory for the configuration");
	ret = read_file(path, text, CONF_FILE_MAX + 1, &len);
	if (ret != 0)
		(void)err_set(err, ret, "%s: %s", path, strerrordesc_np(-ret));
	else if (len > CONF_FILE_MAX)
		ret = err_set(err, -EFBIG, "%s: larger than %u bytes", path, CONF_FILE_MAX);
	else
		ret = conf_parse(path, text, len, out, err);
	free(text);
	if (ret == 0 && *out != NULL)
		ret = check_setkey_files(*out, err);
	if (ret != 0) {
		conf_free(*out);
		*out = NULL;
	}
	return ret;
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	free(c->route);
	free(c->neighbour);
	free(c->text);
	free(c);
}
