/* SPDX-License-Identifier: BSD-2-Clause */
/* The neighbour table: who is asked, who answered, who waits for an answer, who is forgotten. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_jhash.h>
#include <rte_random.h>

#include "ctl/frame.h"
#include "ctl/local_priv.h"
#include "pkt/punt.h"

#define TRIES_MAX  3u /* RFC 4861 MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT */
#define RETRANS_MS 1000u /* RFC 4861 RETRANS_TIMER */
/* Workers do not tell which neighbours they use, so all are asked again; once a minute costs little, */
/* and a host that has gone is noticed about as soon as Linux (30 s and delays) and BSD (20 min) do. */
#define REACHABLE_MS 60000u
#define HOLD_DOWN_MS 1000u
/* A next hop's header has two slots, and a worker's step is far shorter than this. It also slows */
/* down two stations that fight for an address. */
#define MAC_LOCK_MS 1000u
/* Requests for new neighbours; more are asked for by scans only. Their entries just wait longer. */
#define ASK_PER_S 1000u
#define ASK_BURST 1000u

static struct nbr_bucket *
bucket_of(struct local *l, const struct addr *a, uint8_t iface)
{
	const uint32_t h = rte_jhash(a->b, sizeof(a->b), l->hash_seed ^ iface);

	return &l->bucket[h % NBR_BUCKETS];
}

static struct nbr *
find(struct local *l, const struct addr *a, uint8_t iface)
{
	struct nbr *n;

	LIST_FOREACH (n, bucket_of(l, a, iface), hash) {
		if (n->iface == iface && addr_eq(&n->addr, a))
			return n;
	}
	return NULL;
}

static void
move(struct nbr *n, struct nbr_list *to)
{
	TAILQ_REMOVE(n->list, n, link);
	TAILQ_INSERT_TAIL(to, n, link);
	n->list = to;
}

static bool
is_known(const struct nbr *n)
{
	return n->state == NBR_REACHABLE || n->state == NBR_PROBED || n->state == NBR_STATIC;
}

int
nbr_init(struct local *l)
{
	l->pool = calloc(NBR_MAX, sizeof(*l->pool));
	if (l->pool == NULL)
		return -ENOMEM;
	l->hash_seed = (uint32_t)rte_rand(); /* neighbours choose their addresses */
	TAILQ_INIT(&l->free);
	TAILQ_INIT(&l->asked);
	TAILQ_INIT(&l->known);
	TAILQ_INIT(&l->fixed);
	TAILQ_INIT(&l->held);
	TAILQ_INIT(&l->held_free);
	for (unsigned int i = 0; i < NBR_BUCKETS; i++)
		LIST_INIT(&l->bucket[i]);
	for (unsigned int i = 0; i < NBR_MAX; i++) {
		l->pool[i].list = &l->free;
		TAILQ_INIT(&l->pool[i].held);
		TAILQ_INSERT_TAIL(&l->free, &l->pool[i], link);
	}
	for (unsigned int i = 0; i < HELD_MAX; i++)
		TAILQ_INSERT_TAIL(&l->held_free, &l->slot[i], all);
	return 0;
}

void
nbr_fini(struct local *l)
{
	struct held *h;

	TAILQ_FOREACH (h, &l->held, all)
		rte_pktmbuf_free(h->m);
	free(l->pool);
}

/* ---- held packets ---- */

/* Take a packet out of the queues. */
static struct rte_mbuf *
unhold(struct local *l, struct held *h)
{
	TAILQ_REMOVE(&h->nbr->held, h, one);
	h->nbr->nheld--;
	TAILQ_REMOVE(&l->held, h, all);
	TAILQ_INSERT_TAIL(&l->held_free, h, all);
	return h->m;
}

/* The oldest goes when there is no room: who sent it has waited longest, and sends again. */
static void
hold(struct local *l, struct nbr *n, struct rte_mbuf *m)
{
	struct held *h = NULL;

	if (n->nheld == HELD_EACH)
		h = TAILQ_FIRST(&n->held);
	else if (TAILQ_EMPTY(&l->held_free))
		h = TAILQ_FIRST(&l->held);
	if (h != NULL)
		drop(l->conf.lane, unhold(l, h), DROP_NBR_QUEUE);
	h = TAILQ_FIRST(&l->held_free);
	TAILQ_REMOVE(&l->held_free, h, all);
	h->m = m;
	h->nbr = n;
	TAILQ_INSERT_TAIL(&l->held, h, all);
	TAILQ_INSERT_TAIL(&n->held, h, one);
	n->nheld++;
}

static void
drop_held(struct local *l, struct nbr *n, enum drop_reason why)
{
	struct held *h;

	while ((h = TAILQ_FIRST(&n->held)) != NULL)
		drop(l->conf.lane, unhold(l, h), why);
}

static void
inject_routed(struct local *l, struct rte_mbuf *m)
{
	/* Cannot fail: the offset was checked when the packet came. */
	(void)rte_pktmbuf_adj(m, pkt_meta(m)->l3_off);
	local_inject(l, m, INJECT_ROUTED);
}

static void
release_held(struct local *l, struct nbr *n)
{
	struct held *h;

	while ((h = TAILQ_FIRST(&n->held)) != NULL)
		inject_routed(l, unhold(l, h));
}

/* ---- entries ---- */

static void
forget(struct local *l, struct nbr *n, enum drop_reason why)
{
	drop_held(l, n, why);
	if (n->nh != 0)
		snap_nbr_del(l->conf.snap, n->nh);
	n->nh = 0;
	LIST_REMOVE(n, hash);
	move(n, &l->free);
}

/* Who never answered goes before who did, who was heard long ago before who was heard just now. */
static void
make_room(struct local *l)
{
	struct nbr *n = TAILQ_FIRST(&l->asked);

	if (n == NULL)
		n = TAILQ_FIRST(&l->known);
	if (n != NULL)
		forget(l, n, DROP_NBR_QUEUE);
}

static struct nbr *
create(struct local *l, const struct addr *a, uint8_t iface)
{
	struct nbr *n;

	if (TAILQ_EMPTY(&l->free))
		make_room(l);
	n = TAILQ_FIRST(&l->free);
	if (n == NULL)
		return NULL; /* static ones fill the table */
	move(n, &l->asked);
	n->addr = *a;
	n->addr.plen = addr_full_plen(a);
	n->addr.port_be = 0;
	n->iface = iface;
	n->state = NBR_ASKED;
	n->tries = 0;
	n->mac_ms = 0;
	n->confirmed_ms = 0;
	n->due_ms = l->now_ms;
	LIST_INSERT_HEAD(bucket_of(l, &n->addr, iface), n, hash);
	return n;
}

static void
ask(struct local *l, struct nbr *n)
{
	const bool is_probe = n->state == NBR_PROBED;

	n->due_ms = l->now_ms + RETRANS_MS;
	n->tries++;
	if (is_probe || tokens_take(&l->ask, ASK_PER_S, ASK_BURST, l->now_ms))
		frame_ask(l, n->iface, &n->addr, is_probe ? &n->mac : NULL);
}

/* Let workers see the address. @return false when there is no room for it among the next hops */
static bool
publish(struct local *l, struct nbr *n)
{
	const struct nexthop *nh;

	n->nh = snap_nbr_get(l->conf.snap, &n->addr, n->iface);
	if (n->nh == 0)
		return false;
	nh = snap_nexthop(l->conf.snap, n->nh);
	if (atomic_load_explicit(&nh->kind, memory_order_relaxed) != NH_REACHABLE ||
		memcmp(nh->hdr[atomic_load_explicit(&nh->slot, memory_order_relaxed)], &n->mac,
			6) != 0)
		snap_nbr_set(l->conf.snap, n->nh, &n->mac);
	return true;
}

static bool
publish_or_forget(struct local *l, struct nbr *n)
{
	if (publish(l, n))
		return true;
	forget(l, n, DROP_NBR_QUEUE);
	make_room(l); /* for the next one: a slot comes back only after a grace period */
	return false;
}

static void
take_mac(struct local *l, struct nbr *n, const struct rte_ether_addr *mac)
{
	n->mac = *mac;
	n->mac_ms = l->now_ms;
}

/* What an entry that is in use makes of news. @return true when the news count (RFC 4861 7.2.5) */
static bool
update_known(struct local *l, struct nbr *n, const struct heard *h)
{
	const bool is_new = h->mac != NULL && !rte_is_same_ether_addr(&n->mac, h->mac);

	if (n->state == NBR_STATIC)
		return false;
	if (!is_new)
		return h->confirms;
	if (!h->may_replace || l->now_ms - n->mac_ms < MAC_LOCK_MS)
		return false;
	take_mac(l, n, h->mac);
	return true;
}

void
nbr_heard(struct local *l, const struct heard *h)
{
	struct nbr *n = find(l, &h->addr, h->iface);

	if (n == NULL && h->may_create && h->mac != NULL)
		n = create(l, &h->addr, h->iface);
	if (n == NULL)
		return;
	if (is_known(n)) {
		if (!update_known(l, n, h))
			return;
	} else {
		if (h->mac == NULL)
			return;
		take_mac(l, n, h->mac);
	}
	n->state = NBR_REACHABLE;
	n->tries = 0;
	/* What nobody asked for is believed, and verified at once. */
	n->due_ms = h->confirms ? l->now_ms + REACHABLE_MS : l->now_ms;
	n->confirmed_ms = l->now_ms;
	move(n, &l->known);
	if (publish_or_forget(l, n))
		release_held(l, n);
}

int
local_add_static(struct local *l, const struct addr *a, uint8_t iface,
	const struct rte_ether_addr *mac, struct err *err)
{
	char text[ADDR_STRLEN];
	struct nbr *n;

	if (us_on(l, iface, a) || us_anywhere(l, a))
		return err_set(err, -EINVAL, "%s is our own address", addr_str(a, text));
	n = find(l, a, iface);
	if (n == NULL)
		n = create(l, a, iface);
	if (n == NULL)
		return err_set(err, -ENOSPC, "more than %u neighbours", NBR_MAX);
	take_mac(l, n, mac);
	n->state = NBR_STATIC;
	n->confirmed_ms = l->now_ms;
	move(n, &l->fixed);
	if (!publish_or_forget(l, n))
		return err_set(err, -ENOSPC, "no room for the neighbour %s", addr_str(a, text));
	release_held(l, n);
	return 0;
}

int
local_del_static(struct local *l, const struct addr *a, uint8_t iface, struct err *err)
{
	char text[ADDR_STRLEN];
	struct nbr *n = find(l, a, iface);

	if (n == NULL || n->state != NBR_STATIC)
		return err_set(err, -ENOENT, "%s is not a static neighbour", addr_str(a, text));
	forget(l, n, DROP_NBR_QUEUE);
	return 0;
}

/* ---- packets that need a neighbour ---- */

static void
wait_for(struct local *l, const struct addr *a, uint8_t iface, struct rte_mbuf *m)
{
	struct nbr *n = create(l, a, iface);

	if (n == NULL) {
		drop(l->conf.lane, m, DROP_NBR_QUEUE);
		return;
	}
	hold(l, n, m);
	ask(l, n);
}

/*
 * The neighbour is known, so a worker looked before it was. If the route still does not lead to it the
 * packet would come back for ever: then there is no room in the table, or a race to be lost once.
 */
static void
try_again(struct local *l, struct nbr *n, struct rte_mbuf *m, const struct addr *dst)
{
	const bool is_static = n->state == NBR_STATIC; /* never forgotten for want of room */
	const struct nexthop *nh;

	if (is_static ? publish(l, n) : publish_or_forget(l, n)) {
		nh = snap_nexthop(l->conf.snap, snap_route_lookup(l->conf.snap, dst));
		if (atomic_load_explicit(&nh->kind, memory_order_relaxed) == NH_REACHABLE) {
			inject_routed(l, m);
			return;
		}
	}
	drop(l->conf.lane, m, DROP_NBR_QUEUE);
}

static void
resolve(struct local *l, struct rte_mbuf *m, const struct addr *a, uint8_t iface,
	const struct addr *dst)
{
	struct nbr *n = find(l, a, iface);

	if (n == NULL) {
		wait_for(l, a, iface, m);
		return;
	}
	switch (n->state) {
	case NBR_ASKED:
		hold(l, n, m);
		break;
	case NBR_FAILED:
		drop(l->conf.lane, m, DROP_NBR_FAILED);
		break;
	case NBR_REACHABLE:
	case NBR_PROBED:
	case NBR_STATIC:
		try_again(l, n, m, dst);
		break;
	}
}

void
nbr_resolve(struct local *l, struct rte_mbuf *m)
{
	const struct nexthop *nh;
	struct ippkt k;

	if (!ippkt_get(m, &k)) {
		drop(l->conf.lane, m, DROP_IP_SHORT);
		return;
	}
	/* Look again: the index in the packet is as old as the packet, the slot may be another's by now. */
	nh = snap_nexthop(l->conf.snap, snap_route_lookup(l->conf.snap, &k.dst));
	switch (atomic_load_explicit(&nh->kind, memory_order_relaxed)) {
	case NH_NONE:
		drop(l->conf.lane, m, DROP_IP_NO_ROUTE);
		break;
	case NH_GLEAN:
		if (!us_on_link(l, nh->iface, &k.dst))
			drop(l->conf.lane, m, DROP_IP_BAD_ADDR);
		else
			resolve(l, m, &k.dst, nh->iface, &k.dst);
		break;
	case NH_PENDING:
	case NH_REACHABLE:
		resolve(l, m, &nh->gw, nh->iface, &k.dst);
		break;
	default:
		drop(l->conf.lane, m, DROP_IP_BAD_ADDR); /* our own address */
		break;
	}
}

/* ---- time ---- */

static void
give_up(struct local *l, struct nbr *n)
{
	const struct held *first = TAILQ_FIRST(&n->held);

	if (first != NULL)
		host_error(l, first->m, ICMP_ERR_HOST);
	drop_held(l, n, DROP_NBR_FAILED);
	n->state = NBR_FAILED;
	n->due_ms = l->now_ms + HOLD_DOWN_MS;
}

static void
act(struct local *l, struct nbr *n)
{
	switch (n->state) {
	case NBR_ASKED:
		if (n->tries < TRIES_MAX)
			ask(l, n);
		else
			give_up(l, n);
		break;
	case NBR_FAILED:
		forget(l, n, DROP_NBR_FAILED);
		break;
	case NBR_REACHABLE:
		n->state = NBR_PROBED;
		n->tries = 0;
		ask(l, n);
		break;
	case NBR_PROBED:
		if (n->tries < TRIES_MAX)
			ask(l, n);
		else
			forget(l, n, DROP_NBR_FAILED);
		break;
	case NBR_STATIC:
		break;
	}
}

static void
tick_list(struct local *l, struct nbr_list *list)
{
	struct nbr *next;

	for (struct nbr *n = TAILQ_FIRST(list); n != NULL; n = next) {
		next = TAILQ_NEXT(n, link);
		if (l->now_ms >= n->due_ms)
			act(l, n);
	}
}

void
nbr_tick(struct local *l)
{
	tick_list(l, &l->asked);
	tick_list(l, &l->known);
}

/* ---- for people ---- */

unsigned int
local_neighbours(const struct local *l, uint64_t now_ms, struct nbr_row *rows, unsigned int max)
{
	static const char *const names[] = {
		[NBR_ASKED] = "incomplete",
		[NBR_FAILED] = "failed",
		[NBR_REACHABLE] = "reachable",
		[NBR_PROBED] = "probe",
		[NBR_STATIC] = "static",
	};
	unsigned int count = 0;

	for (unsigned int i = 0; i < NBR_MAX; i++) {
		const struct nbr *n = &l->pool[i];

		if (n->list == &l->free)
			continue;
		if (count < max)
			rows[count] = (struct nbr_row){
				.addr = n->addr,
				.mac = is_known(n) ? n->mac : (struct rte_ether_addr){ { 0 } },
				.state = names[n->state],
				.age_ms = is_known(n) ? now_ms - n->confirmed_ms : 0,
				.iface = n->iface,
			};
		count++;
	}
	return count;
}
