/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/rpc_sock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

#define BACKLOG    64
#define EVENTS     32
#define HELD_MAX   256u /* replies of one client that wait for the commit of this round */
#define CLIENTS    64u
#define QUEUE      (1u << 20)
#define STALL_MS   10000u
#define ROUND_READ 65536u /* bytes taken from one client in one round */

struct held {
	STAILQ_ENTRY(held) link;
	struct rpc_reply reply;
};
STAILQ_HEAD(held_list, held);

struct client {
	TAILQ_ENTRY(client) link;
	int fd;
	uint32_t events; /* what epoll watches now */
	bool eof; /* it sends no more: close once everything is answered */
	bool broken; /* close now */
	struct rpc_in in;
	char *out; /* out[out_at..out_len) is still to be sent */
	size_t out_at, out_len, out_cap;
	uint64_t moved_ms; /* when output last moved, or began to wait */
	struct held_list held; /* in order; non-empty only within rpc_sock_serve() */
	unsigned int nheld;
};
TAILQ_HEAD(client_list, client);

struct rpc_sock {
	struct rpc_sock_conf conf;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int epfd, fd;
	dev_t dev; /* of the socket we made: only that one is removed at the end */
	ino_t ino;
	unsigned int nclients;
	bool staged; /* in this round */
	struct client_list clients;
	struct log_limit refused;
};

static bool
somebody_listens(const struct sockaddr_un *sun)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes;

	if (fd < 0)
		return true;
	/* A full backlog (EAGAIN) also means that somebody is there. */
	yes = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 || errno != ECONNREFUSED;
	(void)close(fd);
	return yes;
}

static int
clear_stale(const struct sockaddr_un *sun, struct err *err)
{
	struct stat st;

	if (lstat(sun->sun_path, &st) != 0)
		return errno == ENOENT ?
			0 :
			err_set(err, -errno, "%s: %s", sun->sun_path, strerrordesc_np(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST, "%s exists and is not a socket: remove it yourself",
			sun->sun_path);
	if (somebody_listens(sun))
		return err_set(err, -EADDRINUSE,
			"another gateway listens at %s: stop it, or give this one its own path",
			sun->sun_path);
	if (unlink(sun->sun_path) != 0)
		return err_set(err, -errno, "cannot remove the stale socket %s: %s", sun->sun_path,
			strerrordesc_np(errno));
	return 0;
}

static int
make_parent(const char *path, struct err *err)
{
	char dir[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char *slash;

	memcpy(dir, path, strlen(path) + 1);
	slash = strrchr(dir, '/');
	if (slash == NULL || slash == dir)
		return 0;
	*slash = '\0';
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return err_set(err, -errno, "cannot make the directory %s: %s", dir,
			strerrordesc_np(errno));
	return 0;
}

static int
listen_at(struct rpc_sock *rs, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct epoll_event ev = { .events = EPOLLIN };
	struct stat st;
	mode_t mask;
	int ret;

	memcpy(sun.sun_path, rs->path, sizeof(rs->path));
	ret = make_parent(rs->path, err);
	if (ret == 0)
		ret = clear_stale(&sun, err);
	if (ret != 0)
		return ret;
	rs->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode comes from the mask: a chmod() afterwards would leave a gap. One thread does this. */
	mask = umask(0177);
	ret = rs->fd < 0 ? -1 : bind(rs->fd, (struct sockaddr *)&sun, sizeof(sun));
	(void)umask(mask);
	if (ret != 0)
		return err_set(err, -errno, "%s: %s", rs->path, strerrordesc_np(errno));
	if (lstat(rs->path, &st) == 0) {
		rs->dev = st.st_dev;
		rs->ino = st.st_ino;
	}
	if (listen(rs->fd, BACKLOG) != 0 || epoll_ctl(rs->epfd, EPOLL_CTL_ADD, rs->fd, &ev) != 0)
		return err_set(err, -errno, "%s: %s", rs->path, strerrordesc_np(errno));
	return 0;
}

struct rpc_sock *
rpc_sock_open(const struct rpc_sock_conf *conf, struct err *err)
{
	struct rpc_sock *rs = calloc(1, sizeof(*rs));

	if (rs == NULL || strlen(conf->path) >= sizeof(rs->path) || conf->path[0] == '\0') {
		(void)err_set(err, rs == NULL ? -ENOMEM : -ENAMETOOLONG,
			"\"%s\" is no path for a socket: 1..%zu bytes", conf->path,
			sizeof(rs->path) - 1);
		free(rs);
		return NULL;
	}
	rs->conf = *conf;
	if (conf->max_clients == 0)
		rs->conf.max_clients = CLIENTS;
	if (conf->queue_bytes == 0)
		rs->conf.queue_bytes = QUEUE;
	if (conf->stall_ms == 0)
		rs->conf.stall_ms = STALL_MS;
	memcpy(rs->path, conf->path, strlen(conf->path));
	TAILQ_INIT(&rs->clients);
	rs->refused = (struct log_limit){ .interval_ms = 10000, .burst = 3 };
	rs->fd = -1;
	rs->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (rs->epfd < 0)
		(void)err_set(err, -errno, "epoll: %s", strerrordesc_np(errno));
	if (rs->epfd < 0 || listen_at(rs, err) != 0) {
		rpc_sock_close(rs);
		return NULL;
	}
	return rs;
}

static void
drop_held(struct client *c)
{
	struct held *next;

	for (struct held *h = STAILQ_FIRST(&c->held); h != NULL; h = next) {
		next = STAILQ_NEXT(h, link);
		rpc_reply_free(&h->reply);
		free(h);
	}
	STAILQ_INIT(&c->held);
	c->nheld = 0;
}

static void
client_free(struct rpc_sock *rs, struct client *c)
{
	TAILQ_REMOVE(&rs->clients, c, link);
	rs->nclients--;
	drop_held(c);
	(void)close(c->fd);
	rpc_in_free(&c->in);
	free(c->out);
	free(c);
}

void
rpc_sock_close(struct rpc_sock *rs)
{
	struct client *next;
	struct stat st;

	if (rs == NULL)
		return;
	for (struct client *c = TAILQ_FIRST(&rs->clients); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		client_free(rs, c);
	}
	/* Not another gateway's that has taken the path meanwhile. */
	if (rs->ino != 0 && lstat(rs->path, &st) == 0 && st.st_ino == rs->ino &&
		st.st_dev == rs->dev)
		(void)unlink(rs->path);
	if (rs->fd >= 0)
		(void)close(rs->fd);
	if (rs->epfd >= 0)
		(void)close(rs->epfd);
	free(rs);
}

int
rpc_sock_fd(const struct rpc_sock *rs)
{
	return rs->epfd;
}

unsigned int
rpc_sock_clients(const struct rpc_sock *rs)
{
	return rs->nclients;
}

static bool
may_connect(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
		(peer.uid == 0 || peer.uid == geteuid());
}

/* Best effort: the connection is closed anyway, the sentence only saves somebody's time. */
static void
refuse(struct rpc_sock *rs, int fd, int code, const char *text, uint64_t now_ms)
{
	struct rpc_reply r;
	size_t len = 0;
	char *line;

	if (log_limit_ok(&rs->refused, now_ms))
		log_warn("rpc: refused a client: %s", text);
	if (rpc_reply_error(&r, code, text) == 0) {
		line = rpc_reply_text(&r, &len);
		if (line != NULL)
			(void)!send(fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		free(line);
	}
	rpc_reply_free(&r);
	(void)close(fd);
}

static void
accept_clients(struct rpc_sock *rs, uint64_t now_ms)
{
	int fd;

	while ((fd = accept4(rs->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct epoll_event ev = { .events = EPOLLIN };
		struct client *c;

		if (!may_connect(fd)) {
			refuse(rs, fd, -EACCES, "only root and the gateway's own user may connect",
				now_ms);
			continue;
		}
		c = rs->nclients < rs->conf.max_clients ? calloc(1, sizeof(*c)) : NULL;
		if (c == NULL) {
			refuse(rs, fd, -EUSERS, "too many clients are connected", now_ms);
			continue;
		}
		c->fd = fd;
		c->events = EPOLLIN;
		c->moved_ms = now_ms;
		STAILQ_INIT(&c->held);
		ev.data.ptr = c;
		TAILQ_INSERT_TAIL(&rs->clients, c, link);
		rs->nclients++;
		if (epoll_ctl(rs->epfd, EPOLL_CTL_ADD, fd, &ev) != 0)
			client_free(rs, c);
	}
}

static size_t
queued(const struct client *c)
{
	return c->out_len - c->out_at;
}

static void
flush(struct client *c, uint64_t now_ms)
{
	while (queued(c) > 0 && !c->broken) {
		const ssize_t n =
			send(c->fd, c->out + c->out_at, queued(c), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			c->broken = errno != EAGAIN;
			return;
		}
		c->out_at += (size_t)n;
		c->moved_ms = now_ms;
	}
	c->out_at = 0;
	c->out_len = 0;
}

/* Append to the output. The bound is kept by not handling lines while the queue is full. */
static int
enqueue(struct client *c, const char *text, size_t len, uint64_t now_ms)
{
	if (queued(c) == 0)
		c->moved_ms = now_ms;
	if (c->out_at > 0) {
		memmove(c->out, c->out + c->out_at, queued(c));
		c->out_len -= c->out_at;
		c->out_at = 0;
	}
	if (c->out_len + len > c->out_cap) {
		const size_t cap = (c->out_len + len) * 2;
		char *out = realloc(c->out, cap);

		if (out == NULL)
			return -ENOMEM;
		c->out = out;
		c->out_cap = cap;
	}
	memcpy(c->out + c->out_len, text, len);
	c->out_len += len;
	return 0;
}

static void
send_reply(struct client *c, const struct rpc_reply *r, uint64_t now_ms)
{
	size_t len = 0;
	char *text = rpc_reply_text(r, &len);

	/* Losing one answer would shift all later ones: better to lose the connection. */
	if (r->msg != NULL && (text == NULL || enqueue(c, text, len, now_ms) != 0))
		c->broken = true;
	free(text);
}

/* Replies go out in order; from the first staged one on they wait for the commit of this round. */
static void
answer(struct rpc_sock *rs, struct client *c, struct rpc_reply *r, uint64_t now_ms)
{
	struct held *h;

	rs->staged |= r->stages;
	if (!r->stages && STAILQ_EMPTY(&c->held)) {
		send_reply(c, r, now_ms);
		rpc_reply_free(r);
		return;
	}
	h = calloc(1, sizeof(*h));
	if (h == NULL) {
		c->broken = true;
		rpc_reply_free(r);
		return;
	}
	h->reply = *r;
	STAILQ_INSERT_TAIL(&c->held, h, link);
	c->nheld++;
}

static bool
has_room(const struct rpc_sock *rs, const struct client *c)
{
	return queued(c) < rs->conf.queue_bytes && c->nheld < HELD_MAX && !c->broken;
}

static void
too_long(struct client *c, uint64_t now_ms)
{
	struct rpc_reply r;

	if (rpc_reply_error(&r, RPC_INVALID_REQUEST, "a line may have 1 MiB") == 0)
		send_reply(c, &r, now_ms);
	rpc_reply_free(&r);
	rpc_in_free(&c->in);
	c->eof = true;
}

/* Answer the complete lines that are there, as long as there is room. @return true: all answered */
static bool
handle_lines(struct rpc_sock *rs, struct client *c, uint64_t now_ms)
{
	const char *line;
	size_t len;
	int ret = 0;

	while (has_room(rs, c) && (ret = rpc_in_line(&c->in, &line, &len)) == 1) {
		struct rpc_reply r = { 0 };

		/* An empty line asks nothing; people type them. */
		if (len > 0 && rpc_handle(rs->conf.table, rs->conf.ctx, line, len, &r) != 0)
			c->broken = true;
		rpc_in_consume(&c->in, len);
		answer(rs, c, &r, now_ms);
	}
	if (ret == -EMSGSIZE)
		too_long(c, now_ms);
	return has_room(rs, c);
}

static void
read_client(struct rpc_sock *rs, struct client *c, uint64_t now_ms)
{
	size_t total = 0;

	while (handle_lines(rs, c, now_ms) && !c->eof && total < ROUND_READ) {
		size_t room = 0;
		char *p = rpc_in_room(&c->in, &room);
		ssize_t n;

		if (p == NULL) {
			c->broken = true;
			return;
		}
		n = recv(c->fd, p, room, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			c->broken = errno != EAGAIN;
			return;
		}
		if (n == 0)
			c->eof = true;
		rpc_in_added(&c->in, (size_t)n);
		total += (size_t)n;
	}
}

/*
 * What to wait for. A client whose lines wait for room is watched for output even with an empty queue:
 * the next round begins when the socket takes bytes, which is when the client reads.
 */
static void
watch(struct rpc_sock *rs, struct client *c)
{
	const char *line;
	size_t len;
	const bool pending = rpc_in_line(&c->in, &line, &len) != 0;
	struct epoll_event ev = { .data.ptr = c };

	if (has_room(rs, c) && !c->eof && !pending)
		ev.events |= EPOLLIN;
	if (queued(c) > 0 || pending)
		ev.events |= EPOLLOUT;
	if (c->eof && ev.events == 0) {
		c->broken = true;
		return;
	}
	if (ev.events == c->events)
		return;
	c->events = ev.events;
	if (epoll_ctl(rs->epfd, EPOLL_CTL_MOD, c->fd, &ev) != 0)
		c->broken = true;
}

/* The commit is done (err NULL) or has failed: send what waited for it. */
static void
finish(struct client *c, const struct err *err, uint64_t now_ms)
{
	for (struct held *h = STAILQ_FIRST(&c->held); h != NULL; h = STAILQ_NEXT(h, link)) {
		if (err != NULL)
			rpc_reply_fail(&h->reply, err);
		send_reply(c, &h->reply, now_ms);
	}
	drop_held(c);
	flush(c, now_ms);
}

void
rpc_sock_serve(struct rpc_sock *rs, uint64_t now_ms)
{
	struct epoll_event ev[EVENTS];
	const int n = epoll_wait(rs->epfd, ev, EVENTS, 0);
	struct err err = { 0 };
	struct client *next;
	bool failed = false;

	rs->staged = false;
	for (int i = 0; i < n; i++) {
		struct client *c = ev[i].data.ptr;

		if (c == NULL) {
			accept_clients(rs, now_ms);
			continue;
		}
		if ((ev[i].events & EPOLLERR) != 0)
			c->broken = true;
		if ((ev[i].events & EPOLLOUT) != 0)
			flush(c, now_ms);
		read_client(rs, c, now_ms);
	}
	/* A connection that broke meanwhile does not undo what it staged: it is committed all the same. */
	if (rs->staged && rs->conf.commit(rs->conf.ctx, &err) != 0) {
		failed = true;
		log_err("commit failed: %s", err.text);
	}
	for (struct client *c = TAILQ_FIRST(&rs->clients); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		finish(c, failed ? &err : NULL, now_ms);
		if (!c->broken)
			watch(rs, c);
		if (c->broken)
			client_free(rs, c);
	}
}

void
rpc_sock_tick(struct rpc_sock *rs, uint64_t now_ms)
{
	struct client *next;

	for (struct client *c = TAILQ_FIRST(&rs->clients); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if ((c->events & EPOLLOUT) == 0 || now_ms - c->moved_ms < rs->conf.stall_ms)
			continue;
		if (log_limit_ok(&rs->refused, now_ms))
			log_warn("rpc: closed a client that read no answers for %u ms",
				rs->conf.stall_ms);
		client_free(rs, c);
	}
}
