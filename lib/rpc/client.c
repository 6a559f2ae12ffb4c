/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpc/client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "rpc/rpc.h"

struct rpc_client {
	int fd;
	int timeout_ms;
	json_int_t next_id;
	char *buf; /* bytes of the reply so far */
	size_t len, cap;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
connect_error(int code, const char *path, struct err *err)
{
	switch (code) {
	case ENOENT:
		return err_set(err, -code,
			"no gateway listens at %s: is dpdk-ipsecgw running? (ENOENT)", path);
	case ECONNREFUSED:
		return err_set(err, -code,
			"no gateway listens at %s any more: is dpdk-ipsecgw running? "
			"(ECONNREFUSED)",
			path);
	case EACCES:
		return err_set(err, -code,
			"%s: permission denied: run this as root or as the user of dpdk-ipsecgw",
			path);
	case EAGAIN:
		return err_set(err, -code, "%s: the gateway has too many clients waiting", path);
	default:
		return err_set(err, -code, "%s: %s", path, strerrordesc_np(code));
	}
}

int
rpc_client_open(const char *path, int timeout_ms, struct rpc_client **out, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct rpc_client *c;
	int code;

	if (strlen(path) >= sizeof(sun.sun_path))
		return err_set(err, -ENAMETOOLONG,
			"%s: a socket path may have %zu bytes, this one has %zu", path,
			sizeof(sun.sun_path) - 1, strlen(path));
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return err_set(err, -ENOMEM, "no memory");
	memcpy(sun.sun_path, path, strlen(path));
	memcpy(c->path, path, strlen(path));
	c->timeout_ms = timeout_ms;
	/* Connecting to a Unix socket does not block, but for a full backlog; so it may be non-blocking. */
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&sun, sizeof(sun)) != 0) {
		code = errno;
		rpc_client_close(c);
		return connect_error(code, path, err);
	}
	*out = c;
	return 0;
}

void
rpc_client_close(struct rpc_client *c)
{
	if (c == NULL)
		return;
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c->buf);
	free(c);
}

static int
wait_for(const struct rpc_client *c, short events, int64_t deadline, struct err *err)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	for (;;) {
		const int64_t left = deadline - now_ms();
		int n;

		if (left <= 0)
			return err_set(err, -ETIMEDOUT,
				"the gateway at %s did not answer within %d ms", c->path,
				c->timeout_ms);
		n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_set(err, -errno, "poll: %s", strerrordesc_np(errno));
	}
}

static int
closed(const struct rpc_client *c, struct err *err)
{
	return err_set(err, -ECONNRESET,
		"the gateway at %s closed the connection: see its log for the reason", c->path);
}

static int
send_all(
	const struct rpc_client *c, const char *text, size_t len, int64_t deadline, struct err *err)
{
	while (len > 0) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL);

		if (n >= 0) {
			text += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET)
			return closed(c, err);
		if (errno != EAGAIN && errno != EINTR)
			return err_set(err, -errno, "%s: %s", c->path, strerrordesc_np(errno));
		n = wait_for(c, POLLOUT, deadline, err);
		if (n != 0)
			return (int)n;
	}
	return 0;
}

static int
grow(struct rpc_client *c, struct err *err)
{
	const size_t cap = c->cap == 0 ? 65536 : c->cap * 2;
	char *buf;

	if (c->len < c->cap)
		return 0;
	if (cap > RPC_REPLY_MAX)
		return err_set(err, -EMSGSIZE, "the reply is longer than %u bytes", RPC_REPLY_MAX);
	buf = realloc(c->buf, cap);
	if (buf == NULL)
		return err_set(err, -ENOMEM, "no memory for the reply");
	c->buf = buf;
	c->cap = cap;
	return 0;
}

/* Read until a newline. @return 0 with the line's length in *len */
static int
read_line(struct rpc_client *c, int64_t deadline, size_t *len, struct err *err)
{
	for (;;) {
		const char *nl;
		ssize_t n;
		int ret = grow(c, err);

		if (ret != 0)
			return ret;
		n = recv(c->fd, c->buf + c->len, c->cap - c->len, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return closed(c, err);
		if (n < 0) {
			ret = errno == EINTR ?
				0 :
				errno == EAGAIN ?
				wait_for(c, POLLIN, deadline, err) :
				err_set(err, -errno, "%s: %s", c->path, strerrordesc_np(errno));
			if (ret != 0)
				return ret;
			continue;
		}
		nl = memchr(c->buf + c->len, '\n', (size_t)n);
		c->len += (size_t)n;
		if (nl != NULL) {
			*len = (size_t)(nl - c->buf);
			return 0;
		}
	}
}

static int
remote_error(const json_t *e, struct err *err)
{
	const char *message = json_string_value(json_object_get(e, "message"));
	const json_int_t code = json_integer_value(json_object_get(e, "code"));
	const char *name = code < 0 && code > -4096 ? strerrorname_np((int)-code) : NULL;

	if (message == NULL)
		return err_set(err, -EBADMSG, "the gateway sent an error without a message");
	if (name != NULL)
		return err_set(err, -EREMOTEIO, "%s (%s)", message, name);
	return err_set(err, -EREMOTEIO, "%s (%lld)", message, (long long)code);
}

static int
take_reply(const struct rpc_client *c, size_t len, json_t **result, struct err *err)
{
	json_error_t je;
	json_t *reply = rpc_depth_ok(c->buf, len) ?
		json_loadb(c->buf, len, JSON_REJECT_DUPLICATES, &je) :
		NULL;
	const json_t *id = json_object_get(reply, "id");
	json_t *e = json_object_get(reply, "error");
	json_t *r = json_object_get(reply, "result");
	int ret;

	if (e != NULL && (json_is_null(id) || json_integer_value(id) == c->next_id))
		ret = remote_error(e, err);
	else if (r == NULL || json_integer_value(id) != c->next_id)
		ret = err_set(err, -EBADMSG,
			"%s: what answers is not a dpdk-ipsecgw of this version", c->path);
	else
		ret = 0;
	if (ret == 0)
		*result = json_incref(r);
	json_decref(reply);
	return ret;
}

int
rpc_client_call(
	struct rpc_client *c, const char *method, json_t *params, json_t **result, struct err *err)
{
	const int64_t deadline = now_ms() + c->timeout_ms;
	json_t *req = json_pack("{s:s, s:s, s:I}", "jsonrpc", "2.0", "method", method, "id",
		(json_int_t)++c->next_id);
	const struct rpc_reply line = { .msg = req };
	size_t len = 0;
	char *text;
	int ret;

	if (params != NULL)
		(void)json_object_set_new(req, "params", params);
	text = rpc_reply_text(&line, &len);
	json_decref(req);
	if (text == NULL)
		return err_set(err, -ENOMEM, "no memory for the request");
	c->len = 0;
	ret = send_all(c, text, len, deadline, err);
	free(text);
	if (ret == 0)
		ret = read_line(c, deadline, &len, err);
	return ret != 0 ? ret : take_reply(c, len, result, err);
}
