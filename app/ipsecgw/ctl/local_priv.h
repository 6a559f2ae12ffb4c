/* SPDX-License-Identifier: BSD-2-Clause */
/* struct local and what its files ask of each other: us (own addresses), nbr, host, discover. */
/* Private to the local stack; control thread only. */
#ifndef CTL_LOCAL_PRIV_H
#define CTL_LOCAL_PRIV_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/log.h"
#include "ctl/local.h"
#include "wire/icmp.h"

#define NBR_MAX     4000u /* of NH_MAX; the rest is for our addresses, on-link routes and gateways */
#define PMTU_AGE_MS 10000u
#define NBR_BUCKETS 4096u
#define HELD_MAX    1024u /* packets that wait, all neighbours */
#define HELD_EACH   8u /* for one of them */
#define ICMP_TO_MAX 256u /* rows of rate limits by destination prefix */

enum nbr_state {
	NBR_ASKED, /* no answer yet, packets are held */
	NBR_FAILED, /* no answer: for a second nothing is asked again, so that scans do not flood */
	NBR_REACHABLE,
	NBR_PROBED, /* still used, being asked whether it is there */
	NBR_STATIC,
};

struct held {
	TAILQ_ENTRY(held) all, one; /* in order of arrival: everything held, and its neighbour's */
	struct rte_mbuf *m;
	struct nbr *nbr;
};
TAILQ_HEAD(held_list, held);
TAILQ_HEAD(nbr_list, nbr);
LIST_HEAD(nbr_bucket, nbr);

struct nbr {
	LIST_ENTRY(nbr) hash;
	TAILQ_ENTRY(nbr) link;
	struct nbr_list *list; /* free, asked, known or fixed: where link is */
	struct held_list held;
	unsigned int nheld;
	struct addr addr;
	struct rte_ether_addr mac;
	enum nbr_state state;
	uint8_t iface;
	uint8_t tries; /* requests sent in this state */
	uint16_t nh; /* next hop; 0 until there is an answer: scans make no next hops */
	uint64_t due_ms; /* when to do the next thing */
	uint64_t confirmed_ms; /* last proof that it is there */
	uint64_t mac_ms; /* when mac changed */
};

/** Token bucket; zero is a full one. */
struct tokens {
	uint64_t at_ms;
	uint64_t used; /* thousandths of a token */
};

struct local {
	struct local_conf conf;
	uint64_t now_ms; /* of the call in progress */
	struct nbr *pool; /* [NBR_MAX] */
	struct nbr_list free, asked, known, fixed; /* asked and known: longest unconfirmed first */
	struct nbr_bucket bucket[NBR_BUCKETS];
	uint32_t hash_seed;
	struct held slot[HELD_MAX];
	struct held_list held, held_free;
	struct tokens ask, icmp_all, icmp_to[ICMP_TO_MAX];
	struct log_limit conflict;
	uint64_t pmtu_due_ms; /* when to look for path MTUs to forget */
};

/** An IP packet inside an mbuf: padding not counted. */
struct ippkt {
	uint8_t *p;
	size_t len;
	struct addr src, dst;
};

/* local.c */
/** @return false when the header does not fit what is there */
WARN_UNUSED bool
ippkt_get(struct rte_mbuf *m, struct ippkt *out);
WARN_UNUSED bool
tokens_take(struct tokens *t, uint32_t per_s, uint32_t burst, uint64_t now_ms);
void
local_inject(struct local *l, struct rte_mbuf *m, uint8_t kind);

/* us.c */
const struct rte_ether_addr *
us_mac(const struct local *l, uint8_t iface);
/** Derived from the MAC; interfaces without IPv6 address have none. */
WARN_UNUSED bool
us_link_local(const struct local *l, uint8_t iface, struct addr *out);
/** One of the interface's own addresses, link-local included. */
bool
us_on(const struct local *l, uint8_t iface, const struct addr *a);
/** An address of any interface, but link-local ones. */
bool
us_anywhere(const struct local *l, const struct addr *a);
/** All-ones or all-zeros host part of a connected IPv4 prefix. */
bool
us_is_broadcast(const struct local *l, const struct addr *a);
/** A host that is directly reachable there: what may become a neighbour. */
bool
us_on_link(const struct local *l, uint8_t iface, const struct addr *a);
/** Our address for asking about a neighbour: of its prefix, else link-local, else any of IPv4. */
WARN_UNUSED bool
us_asker(const struct local *l, uint8_t iface, const struct addr *target, struct addr *out);
/** Our address for an error to dst, on iface if it has one of the family. */
WARN_UNUSED bool
us_error_source(const struct local *l, uint8_t iface, const struct addr *dst, struct addr *out);

/* discover.c */
/** Both take the packet. */
void
discover_arp(struct local *l, struct rte_mbuf *m);
void
discover_nd(struct local *l, struct rte_mbuf *m, const struct ippkt *k);

/* nbr.c */
struct heard {
	struct addr addr;
	const struct rte_ether_addr *mac; /* NULL: not said */
	uint8_t iface;
	bool may_create; /* it spoke to us */
	bool may_replace; /* another address than the known one counts */
	bool confirms; /* an answer or a request: it is there and hears us */
};

WARN_UNUSED int
nbr_init(struct local *l);
void
nbr_fini(struct local *l);
void
nbr_heard(struct local *l, const struct heard *h);
/** PUNT_RESOLVE. Takes the packet. */
void
nbr_resolve(struct local *l, struct rte_mbuf *m);
void
nbr_tick(struct local *l);

/* host.c */
/** PUNT_LOCAL. Takes the packet. */
void
host_input(struct local *l, struct rte_mbuf *m);
/** Send an error about a packet if the rules and limits allow. The packet stays the caller's. */
void
host_error(struct local *l, struct rte_mbuf *m, enum icmp_err what);

#endif
