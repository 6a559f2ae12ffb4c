/* SPDX-License-Identifier: BSD-2-Clause */
/* What workers read: struct snapshot, next hops, SAD table; and how control builds and retires it. */
/* snap_*() run on control; fields and *_lookup() are for workers. See architecture: one writer, QSBR. */
#ifndef SNAP_SNAP_H
#define SNAP_SNAP_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_acl.h>
#include <rte_ether.h>
#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_hash.h>
#include <rte_rcu_qsbr.h>

#include "base/err.h"
#include "crypto/crypto.h"
#include "ipsec/knobs.h"
#include "keyd/keyd.h"
#include "pkt/sa_rt.h"
#include "port/port.h"
#include "wire/pmtu.h"

#define NH_MAX 4096u

enum nh_kind {
	NH_NONE = 0, /* no route; index 0 is always this */
	NH_LOCAL, /* one of our own addresses */
	NH_GLEAN, /* on link: a neighbour entry must be made for the destination */
	NH_PENDING, /* neighbour being resolved */
	NH_REACHABLE, /* hdr is valid */
};

/**
 * One next hop. The Ethernet header has two slots: control writes the idle one, then flips slot with
 * release, and does not write again within a worker's step (neighbours change once a second at most).
 */
struct nexthop {
	_Atomic uint8_t kind; /* enum nh_kind; stored release after the rest, loaded acquire */
	_Atomic uint8_t slot; /* 0 or 1: the valid header */
	uint8_t iface;
	uint8_t hdr_len; /* 14, or 18 with a VLAN tag; constant while the next hop lives */
	uint8_t hdr[2][18]; /* Ethernet header but for the EtherType in its last two bytes */
	struct addr gw; /* neighbour's address */
	uint16_t mtu; /* of the interface, as hdr_len constant */
	uint8_t port; /* of the interface, index in portset */
	uint8_t rsvd;
} __rte_cache_aligned;
static_assert(sizeof(struct nexthop) == 64, "one line per next hop");

/* ACL keys: protocol first (rte_acl wants one leading byte), then addresses, then ports. */
struct key4 {
	uint8_t proto, pad[3];
	uint32_t src_be, dst_be;
	uint16_t sport_be, dport_be;
};
struct key6 {
	uint8_t proto, pad[3];
	uint8_t src[16], dst[16];
	uint16_t sport_be, dport_be;
};

/** Immutable once published; workers load one pointer per step. af index: 0 IPv4, 1 IPv6. */
struct snapshot {
	uint32_t gen; /* never 0; changes with every commit */
	bool ready; /* false until the configuration is complete: workers forward nothing */
	struct knobs knobs;
	struct rte_acl_ctx
		*acl[3][2]; /* [enum sp_dir][af]; NULL = no policies; userdata = slot + 1 */
	struct sp_rt **sp; /* [nsp] by slot; NULL = free slot */
	uint32_t nsp;
	struct sp_rt **order[3]; /* [enum sp_dir][norder]: match order, for the exact walk */
	uint32_t norder[3];
	struct rte_fib *fib4;
	struct rte_fib6 *fib6;
	struct nexthop *nh; /* [NH_MAX] */
	const struct portset *ports;
	const struct rte_hash *sad; /* struct sad_key -> struct sa_rt * */
	const struct rte_hash *outsa; /* struct outsa_key -> struct sa_rt * */
	const _Atomic uint8_t *natt_port; /* [NATT_PORTS] bits by port: ESP may stand behind UDP */
	bool has_natt; /* some bit of natt_port is set */
	struct classifier *cls; /* control's reference to what acl, sp and order point at */
};

/**
 * The name of an SA on the wire. Peers choose the same well-known CPI, so for CPIs below 256 the source
 * belongs to the name (RFC 3173 3.3); under UDP encapsulation the destination port does.
 */
struct sad_key {
	rte_be32_t spi_be; /* IPComp: the CPI */
	uint8_t proto, af;
	rte_be16_t port_be;
	uint8_t dst[16]; /* IPv4 in the first four bytes, rest zero */
	uint8_t src[16]; /* IPComp with a well-known CPI, else zero */
};
#define CPI_WELL_KNOWN 256u /* first CPI that is not */

/** Slow-path SAD lookup. Worker. @return SA or NULL */
struct sa_rt *
sadtbl_lookup(const struct snapshot *s, const struct sad_key *key);

/** What a transport mode request without addresses asks for: the packet's own. */
struct outsa_key {
	uint32_t reqid; /* 0 = any */
	uint8_t proto, af, pad[2];
	uint8_t src[16], dst[16]; /* IPv4 in the first four bytes, rest zero */
};

/** The SA that sad_choose() would give for such a request. Worker. @return SA or NULL */
struct sa_rt *
outsa_lookup(const struct snapshot *s, const struct outsa_key *key);

#define NATT_PORTS (65536u / 8u) /* bytes of a bitmap */

/** True when UDP to this port may carry ESP (RFC 3948). Worker. */
static inline bool
natt_is_port(const struct snapshot *s, uint16_t port)
{
	const uint8_t bits = atomic_load_explicit(&s->natt_port[port >> 3], memory_order_relaxed);

	return (bits >> (port & 7) & 1) != 0;
}

struct snap_conf {
	unsigned int nworkers;
	int socket;
	uint32_t max_sa, max_acl_bytes;
	const struct portset *ports;
	struct crypto *crypto;
};

struct snap;

/** @return context (owned by control) or NULL with err filled */
struct snap *
snap_new(const struct snap_conf *conf, struct err *err);
/** All workers must be gone. Frees what is in limbo. */
void
snap_free(struct snap *s);

/** The pointer workers load (acquire) once per step, and the QSBR variable they report to. */
const struct snapshot *_Atomic *
snap_current(struct snap *s);
struct rte_rcu_qsbr *
snap_qsbr(struct snap *s);

/** keyd's view of the data plane: install, remove, changed. arg = struct snap. */
extern const struct keyd_dp_ops snap_dp_ops;
void
snap_set_keyd(struct snap *s, struct keyd *kd);
/** Staged parameters; the next commit publishes them. */
struct knobs *
snap_knobs(struct snap *s);

/**
 * Something staged waits for a commit: SAs, policies, routes, neighbours (workers cache next hops by
 * generation), readiness, or what snap_touch() said. Stays true after a commit that failed.
 */
bool
snap_is_dirty(const struct snap *s);
/** Say that the parameters behind snap_knobs() have changed. */
void
snap_touch(struct snap *s);

/**
 * Group commit: build a snapshot of all staged changes and publish it. On error the old one stays.
 * @return 0; -ENOMEM; -ENOBUFS ACL larger than max_acl_bytes
 */
WARN_UNUSED int
snap_commit(struct snap *s, struct err *err);
void
snap_set_ready(struct snap *s, bool ready);

/** Free what no worker can refer to any more. Control thread, each tick. @return objects left */
unsigned int
snap_reclaim(struct snap *s);
/** Free what waits for workers, or for a commit that failed: no worker runs any more. */
void
snap_drain(struct snap *s);

/**
 * Believe that packets of one outbound SA are too large for their path. Workers see it at once.
 * @return 0; -ENOENT no SA sends such packets; -EALREADY not lower than what is known
 */
WARN_UNUSED int
snap_pmtu_learn(struct snap *s, const struct pmtu_msg *msg, uint64_t now_ms);
/** Forget what was learnt more than ten minutes ago. */
void
snap_pmtu_age(struct snap *s, uint64_t now_ms);

#include "snap/route.h" /* routes and neighbours */

#endif
