/* SPDX-License-Identifier: BSD-2-Clause */
/* How workers find an SA by what a packet shows: the SAD, outbound SAs by address, UDP ports. */
/* Tables are written by control and read without locks; part of snap.h, which includes it. */
#ifndef SNAP_LOOKUP_H
#define SNAP_LOOKUP_H

#include "snap/snap.h"

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

#endif
