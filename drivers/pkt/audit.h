/* SPDX-License-Identifier: BSD-2-Clause */
/* Events that RFC 4301 wants recorded: a worker posts them, limited in rate, and control takes them. */
/* One ring per worker: written by that worker (head), read by control (tail). Counters are the worker's. */
#ifndef PKT_AUDIT_H
#define PKT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "base/defs.h"
#include "pkt/drop.h"

struct lane;
struct sa_rt;

/* X(SYMBOL, "name", "what it means") */
#define AUDIT_KINDS(X)                                                                       \
	X(NO_SA, "no_sa", "no SA for this SPI, protocol and destination (RFC 4301 5.2)")     \
	X(REPLAY, "replay", "sequence number seen before or left of the window")             \
	X(INTEGRITY, "integrity", "integrity check failed")                                  \
	X(SELECTOR, "selector", "packet does not match the policy for how it was protected") \
	X(SEQ_OVERFLOW, "seq_overflow", "sequence numbers of an outbound SA are exhausted")  \
	X(NEW_MAPPING, "new_mapping", "NAT gave a peer another address or port (RFC 3948)")

enum audit_kind {
	AUDIT_NONE,
#define X(sym, name, doc) AUDIT_##sym,
	AUDIT_KINDS(X)
#undef X
		AUDIT_KIND_MAX
};

/** One event. Addresses as in struct addr: IPv4 in the first four bytes, the rest zero. */
struct audit_rec {
	uint64_t tsc; /* when */
	uint32_t
		suppressed; /* events of this kind that this worker did not post since its last one */
	uint32_t spi; /* host order, 0 when there is none */
	uint32_t seq; /* as on the wire, host order; inbound only */
	uint32_t flow; /* IPv6 flow label */
	uint8_t kind,
		reason; /* enum audit_kind; enum drop_reason, DROP_MAX when nothing was dropped */
	uint8_t af, proto; /* proto: IPPROTO_ESP, ...; 0 for a packet that nothing protected */
	rte_be16_t port_be; /* AUDIT_NEW_MAPPING: port that the packet came from */
	uint8_t src[16], dst[16];
};

struct audit;

/** @param hz  ticks of tsc in a second @return NULL: no memory */
struct audit *
audit_new(int socket, uint64_t hz);
void
audit_free(struct audit *a);

/** Take the oldest record. Control. @return false when there is none */
bool
audit_take(struct audit *a, struct audit_rec *out);

/** Events of a kind since the start, and how many of them were not posted. Control. */
uint64_t
audit_events(const struct audit *a, enum audit_kind kind);
uint64_t
audit_suppressed(const struct audit *a, enum audit_kind kind);

/** @return "no_sa" and so on; NULL for AUDIT_NONE and past the end */
const char *
audit_kind_name(enum audit_kind kind);
/** @return the explanation for people; NULL as audit_kind_name() */
const char *
audit_kind_doc(enum audit_kind kind);

/**
 * Note what drop() drops: who is to blame among the protocols, and the event if it is one. Worker; called by drop()
 * for reasons in drop_noted[], before the packet is freed.
 */
void
drop_note(struct lane *lane, const struct rte_mbuf *m, enum drop_reason reason);

/** Reasons that drop_note() wants to see. */
extern const uint8_t drop_noted[DROP_MAX];

/**
 * An authenticated packet of a NAT-T SA came from elsewhere than the SA says.
 * @param src  address it came from, of the SA's outer family @param port_be  UDP port it came from
 */
void
audit_mapping(struct lane *lane, const struct sa_rt *sa, const uint8_t *src, rte_be16_t port_be);

#endif
