/* SPDX-License-Identifier: BSD-2-Clause */
/* struct worker and the stages of worker_step(). Private to dp/; everything here runs on the worker. */
#ifndef DP_DP_PRIV_H
#define DP_DP_PRIV_H

#include <stdatomic.h>

#include <rte_byteorder.h>

#include "dp/flow.h"
#include "dp/parse.h"
#include "dp/worker.h"
#include "pkt/pkt.h"
#include "pkt/punt.h"

#define VLAN_NONE 0u /* as struct iface says it: untagged */

struct rxq {
	uint16_t ethdev, queue;
	uint8_t port; /* index in portset */
};

/** What parsing asks about the port that a frame came in by. */
struct eth_in {
	uint64_t mac; /* station address in the low 48 bits, memory order */
	uint8_t port; /* index in portset */
	uint8_t untagged; /* interface of frames without a VLAN tag, IFACE_NONE = none */
};

/** Packets for one port, sent at the end of the step. */
struct txbuf {
	uint16_t n;
	uint64_t bytes;
	struct rte_mbuf *m[PVEC_MAX];
};

/** One row per recently seen inbound SPI, in front of the shared hash. */
struct sa_slot {
	struct sa_rt *sa;
	uint32_t gen; /* of the snapshot; 0 = empty */
	uint32_t rsvd;
};
#define SA_SLOTS 4096u /* power of two */

/** One row per recently used request of transport mode without addresses: outsa in short. */
struct out_slot {
	struct sa_rt *sa;
	uint32_t gen; /* of the snapshot; 0 = empty */
	uint32_t reqid; /* as requested */
};
#define OUT_SLOTS 4096u /* power of two */

struct worker {
	struct lane lane; /* first: drivers see no more */
	struct worker_env env;
	const struct snapshot *snap; /* of this step */
	struct {
		struct pvec rx, sec, done, clear, miss, out, tx;
	} v;
	struct txbuf tx[PORT_MAX];
	struct rte_mbuf *punt[PVEC_MAX];
	uint16_t npunt;
	bool sampling; /* this step measures cycles per stage */
	uint8_t next_rxq; /* where polling starts, so that no queue starves */
	uint8_t nrxq;
	struct rxq rxq[RXQ_MAX];
	struct eth_in eth[RTE_MAX_ETHPORTS]; /* by ethdev id, as mbufs name their port */
	struct flow_cache *flow;
	struct sa_slot *sa_slot; /* [SA_SLOTS] */
	struct out_slot *out_slot; /* [OUT_SLOTS] */
	uint32_t seed; /* of the caches' hashes */
	uint32_t frag_seq; /* for ids of IPv6 fragments */
	struct rte_ring *inject;
	struct worker_rows rows;
	_Atomic bool stop; /* control stores, this worker loads */
} __rte_cache_aligned;

/* rx.c: from ports into v.rx, from control into v.clear, v.tx and the ports. */
void
rx_vec(struct worker *w, struct pvec *out);
void
inject_vec(struct worker *w);

/* parse.c: L2 and L3 of v.rx -> v.sec, v.clear, punt. */
void
parse_vec(struct worker *w, struct pvec *in);
/** parse_family() by the version that the packet claims. */
enum drop_reason
parse_ip(struct rte_mbuf *m, unsigned int avail, bool csum_known_good);

/**
 * Give a parsed packet to v.sec when it is an IPsec packet, else to v.clear. Fragments are traffic like
 * any other: protection is of whole packets (RFC 4302 3.3.4, RFC 4303 3.4.1).
 */
void
sort_parsed(struct worker *w, struct rte_mbuf *m);

/* natt.c: UDP that may carry ESP (RFC 3948). */
/** Sort a whole UDP packet to a port of UDP encapsulation: ESP, keepalive, or plain UDP. */
void
natt_sort(struct worker *w, struct rte_mbuf *m);
/** Make plain UDP again of what natt_sort() took for ESP. */
void
natt_undo(struct rte_mbuf *m);

/* ipip.c: IP in IP that came to us inside transport mode. */
/** @return true when m is such a packet */
bool
ipip_is_ours(struct worker *w, struct rte_mbuf *m);
/**
 * Take the inner packet out: meta is parsed again, the history has one more entry.
 * @return PARSE_OK or the reason to drop
 */
enum drop_reason
ipip_open(struct worker *w, struct rte_mbuf *m);

/* in.c: v.sec -> v.clear, v.sec again when nested. */
void
in_vec(struct worker *w, struct pvec *in);
/** Packets that an engine finished: verify, strip, sort into v.clear or v.sec. */
void
in_finish(struct worker *w, struct rte_mbuf **m, uint16_t n);

/** Copy the history of a packet. @param out  outermost first @return entries */
unsigned int
in_history(const struct worker *w, struct rte_mbuf *m, struct sa_proof out[NEST_MAX]);
/** Write the last entry down, before another SA takes the place of meta->sa. */
void
in_keep_history(const struct worker *w, struct rte_mbuf *m);

/* flow.c: known flows of v.clear -> v.out, v.tx; the others -> v.miss. */
void
flow_vec(struct worker *w, struct pvec *in);
/** Remember a decision: meta->nh is the route, meta->sa what the packet came out of. */
void
flow_learn(struct worker *w, struct rte_mbuf *m, struct sp_rt *sp_in, struct sp_rt *sp_out);

/* policy.c: what the flow cache does not know: inbound policy, route, outbound policy. */
void
policy_vec(struct worker *w, struct pvec *in);
/** @return next hop index of the destination of m; 0 when there is no route */
uint16_t
route_one(const struct worker *w, struct rte_mbuf *m);
/** @return next hop index for an address in network order */
uint16_t
route_addr(const struct worker *w, uint8_t af, const uint8_t *dst);
static inline enum nh_kind
nh_kind(const struct worker *w, uint16_t nh)
{
	/* Pairs with the release stores of snap_nbr_set() and snap_nbr_unset(). */
	return (enum nh_kind)atomic_load_explicit(&w->snap->nh[nh].kind, memory_order_acquire);
}

/* out.c: v.out -> v.tx, or v.out again for a bundle. */
void
out_vec(struct worker *w, struct pvec *in);
void
out_finish(struct worker *w, struct rte_mbuf **m, uint16_t n);

/* frag.c */
/**
 * Cut a packet that may be fragmented into packets of at most mtu bytes and append them to out, each
 * with a copy of its metadata. Consumes m; counts what has no buffer.
 */
void
frag_cut(struct worker *w, struct rte_mbuf *m, unsigned int mtu, struct pvec *out);
/** True when we may not fragment it: IPv4 with DF, or IPv6 of which we are not the source. */
bool
frag_forbidden(const struct worker *w, struct rte_mbuf *m);

/* mss.c: TCP SYNs, only when the parameter mss_clamp is set. */
/** Into a tunnel. @param mtu  bytes of the largest packet that needs no cutting */
void
mss_out(struct worker *w, struct rte_mbuf *m, unsigned int mtu);
/** Out of a tunnel; meta->sa opened it. */
void
mss_in(struct worker *w, struct rte_mbuf *m);

/* tx.c: adjacency, size, ports; and what goes to control. */
void
tx_vec(struct worker *w, struct pvec *in);
/** Send what is queued for one port. */
void
tx_flush_port(struct worker *w, uint8_t port);
void
tx_flush(struct worker *w);
/** Give a packet to control. */
void
punt(struct worker *w, struct rte_mbuf *m, enum punt_kind kind);
/** Count a drop and let control answer it with an ICMP error. */
void
punt_drop(struct worker *w, struct rte_mbuf *m, enum drop_reason reason, enum punt_kind kind);
void
punt_flush(struct worker *w);

#endif
