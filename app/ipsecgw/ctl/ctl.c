/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "pkt/punt.h"

#define TICK_MS         100u
#define PUNT_BURST      32u
#define PUNT_ROUND      512u /* packets taken in one wake-up, so that clients get their turn */
#define BUSY_WAIT_MS    1
#define IDLE_WAIT_MS    10
#define BUSY_FOR_MS     1000u
#define STOP_LOG_MS     5000u
#define TICKS_PER_LINK  10u
#define COMMIT_RETRY_MS 1000u

struct loop {
	struct gateway *gw;
	int epfd, sigfd, timerfd;
	bool stop;
	unsigned int ticks;
	uint64_t punted_ms; /* when the last punted packet came; 0 = never */
	bool more; /* the ring was not emptied */
	uint64_t retry_ms; /* when to try a failed commit again */
	struct log_limit commit_log;
};

uint64_t
ctl_now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void
ctl_inject(void *arg, struct rte_mbuf *m)
{
	struct gateway *gw = arg;
	/* Packets for one interface keep their order: they take the same worker. */
	struct worker *w = gw->workers.w[pkt_meta(m)->out_if % gw->workers.n];

	if (rte_ring_enqueue(worker_inject_ring(w), m) != 0)
		drop(&gw->lane, m, DROP_INJECT_FULL);
}

static int
watch(int epfd, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return fd < 0 ? -1 : epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev);
}

static int
loop_open(struct loop *l, struct err *err)
{
	const struct itimerspec every = { .it_interval = { 0, TICK_MS * 1000000L },
		.it_value = { 0, TICK_MS * 1000000L } };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	l->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	l->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	l->commit_log = (struct log_limit){ .interval_ms = 10000, .burst = 3 };
	if (l->epfd < 0 || watch(l->epfd, l->sigfd) != 0 || watch(l->epfd, l->timerfd) != 0 ||
		watch(l->epfd, rpc_sock_fd(l->gw->sock)) != 0 ||
		timerfd_settime(l->timerfd, 0, &every, NULL) != 0)
		return err_set(
			err, -errno, "the control loop cannot start: %s", strerrordesc_np(errno));
	return 0;
}

static void
loop_close(struct loop *l)
{
	const int fds[] = { l->timerfd, l->sigfd, l->epfd };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
}

static void
on_signal(struct loop *l, uint64_t now_ms)
{
	struct signalfd_siginfo si;

	while (read(l->sigfd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGHUP) {
			(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_ms * 1000);
			ctl_reload(l->gw, now_ms);
			(void)sd_notify(0, "READY=1");
			continue;
		}
		log_info("stopping on signal %u", si.ssi_signo);
		l->stop = true;
	}
}

static void
poll_links(struct gateway *gw, uint64_t now_ms)
{
	bool went_up = false;

	for (unsigned int i = 0; i < gw->ports.nport; i++) {
		struct port *p = &gw->ports.port[i];
		const bool was = atomic_load_explicit(&p->link, memory_order_relaxed) != 0;
		bool is;

		port_poll_link(p);
		is = atomic_load_explicit(&p->link, memory_order_relaxed) != 0;
		if (is != was)
			log_info("%s: link %s", gw->conf->port[i].name, is ? "up" : "down");
		went_up |= is && !was;
	}
	/* Switches and neighbours may have forgotten us, or never have known us behind this link. */
	if (went_up)
		local_announce(gw->local, now_ms);
}

static void
on_tick(struct loop *l, uint64_t now_ms)
{
	uint64_t expired;

	if (read(l->timerfd, &expired, sizeof(expired)) != (ssize_t)sizeof(expired))
		return;
	local_tick(l->gw->local, now_ms);
	(void)snap_reclaim(l->gw->snap);
	if (++l->ticks % TICKS_PER_LINK == 0) {
		rpc_sock_tick(l->gw->sock, now_ms);
		keepalive_tick(&l->gw->keepalive, rte_rdtsc(), now_ms / 1000);
		poll_links(l->gw, now_ms);
	}
}

static void
drain_punt(struct loop *l, uint64_t now_ms)
{
	struct rte_mbuf *m[PUNT_BURST];
	unsigned int total = 0;
	unsigned int n;

	do {
		n = rte_ring_sc_dequeue_burst(l->gw->punt, (void **)m, PUNT_BURST, NULL);
		for (unsigned int i = 0; i < n; i++)
			local_punt(l->gw->local, m[i], now_ms);
		total += n;
	} while (n == PUNT_BURST && total < PUNT_ROUND);
	if (total > 0)
		l->punted_ms = now_ms;
	l->more = n == PUNT_BURST;
}

static int
wait_ms(const struct loop *l, uint64_t now_ms)
{
	if (l->more)
		return 0;
	return l->punted_ms != 0 && now_ms - l->punted_ms < BUSY_FOR_MS ? BUSY_WAIT_MS :
									  IDLE_WAIT_MS;
}

static void
on_event(struct loop *l, int fd, uint64_t now_ms)
{
	if (fd == l->sigfd)
		on_signal(l, now_ms);
	else if (fd == l->timerfd)
		on_tick(l, now_ms);
	else
		rpc_sock_serve(l->gw->sock, now_ms);
}

/* What neighbours, links and timers have staged; clients' calls have had their commit already. */
static void
commit(struct loop *l, uint64_t now_ms)
{
	struct err err = { 0 };

	if (!snap_is_dirty(l->gw->snap) || now_ms < l->retry_ms)
		return;
	if (snap_commit(l->gw->snap, &err) == 0) {
		rpc_env_committed(&l->gw->rpc);
		return;
	}
	/* Compiling the policies of a large gateway takes most of a second. */
	l->retry_ms = now_ms + COMMIT_RETRY_MS;
	if (log_limit_ok(&l->commit_log, now_ms))
		log_err("commit failed, trying again: %s", err.text);
}

int
ctl_run(struct gateway *gw, struct err *err)
{
	struct loop l = { .gw = gw, .epfd = -1, .sigfd = -1, .timerfd = -1 };
	struct epoll_event ev[4];
	uint64_t now_ms = ctl_now_ms();
	const int ret = loop_open(&l, err);

	if (ret != 0) {
		loop_close(&l);
		return ret;
	}
	log_info("ready: %u ports, %u workers, %u SAs, %u policies", gw->ports.nport, gw->workers.n,
		gw->keyd.sad.n, gw->keyd.spd.n);
	(void)sd_notify(0, "READY=1");
	while (!l.stop) {
		const int n = epoll_wait(l.epfd, ev, ARRAY_LEN(ev), wait_ms(&l, now_ms));

		now_ms = ctl_now_ms();
		gw->keyd.now_s = now_ms / 1000;
		/* Packets first: what they stage and what clients stage then shares one commit. */
		drain_punt(&l, now_ms);
		audit_log_drain(&gw->audit, gw->workers.lanes, gw->workers.n);
		for (int i = 0; i < n; i++)
			on_event(&l, ev[i].data.fd, now_ms);
		commit(&l, now_ms);
	}
	(void)sd_notify(0, "STOPPING=1");
	loop_close(&l);
	return 0;
}

void
ctl_stop_workers(struct gateway *gw)
{
	uint64_t begin = ctl_now_ms();
	struct rte_mbuf *m;

	workers_stop(&gw->workers);
	for (;;) {
		const bool done = workers_done(&gw->workers);

		/* A draining worker may still punt; and a full ring must not hold it up. */
		while (gw->punt != NULL && rte_ring_dequeue(gw->punt, (void **)&m) == 0)
			rte_pktmbuf_free(m);
		if (gw->snap != NULL)
			(void)snap_reclaim(gw->snap);
		if (done)
			return;
		if (ctl_now_ms() - begin > STOP_LOG_MS) {
			log_warn("workers are still draining");
			begin = ctl_now_ms();
		}
		(void)usleep(1000);
	}
}
