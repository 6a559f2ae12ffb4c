/* SPDX-License-Identifier: BSD-2-Clause */
/* Transforms after xformsw: AH, ESP and IPComp. */
/* sa_init/sa_fini on control; begin/end on workers with their own lane. */
#ifndef XFORM_XFORM_H
#define XFORM_XFORM_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "base/defs.h"
#include "base/err.h"
#include "ipsec/sa.h"
#include "pkt/lane.h"
#include "pkt/sa_rt.h"

/**
 * Batch contract of begin and end: packets of m[0..n) all have this transform (pkt_meta.sa->xf);
 * equal SAs are neighbours. Kept packets are compacted to the front in order and their number is
 * returned; the others were dropped with their reason and counted on the SA's row.
 */
struct xform_ops {
	const char *name;
	/** Whether sa_init() would take spec, without an SA. @return 0; -EOPNOTSUPP; -EINVAL */
	int (*sa_check)(const struct sa_spec *spec, struct err *err);
	/** Fill the constants of sa (template, lengths, class, replay, iv_base) from spec. */
	int (*sa_init)(struct sa_rt *sa, const struct sa_spec *spec, const struct knobs *knobs,
		struct err *err);
	void (*sa_fini)(struct sa_rt *sa);
	/**
	 * Outbound: meta l3_off points at the packet to protect; PKT_F_TRANSPORT says whether it
	 * keeps its IP header or gets an outer one (SAs of MODE_TUNNEL: always the latter).
	 * Takes sequence numbers, prepends header and IV, appends padding, fills
	 * lane->cop[0..kept). On return meta l3_off is the first IP header, l4_off the ESP header.
	 */
	uint16_t (*out_begin)(struct lane *lane, struct rte_mbuf **m, uint16_t n);
	/** After the engine: verdict, counters, af/l4_proto of the new outer packet. */
	uint16_t (*out_end)(struct lane *lane, struct rte_mbuf **m, uint16_t n);
	/**
	 * Inbound: meta l3_off outer IP, l4_off ESP header, l4_len bytes of ESP; PKT_F_UDP when 8
	 * bytes of UDP stand before it. Replay check, layout.
	 */
	uint16_t (*in_begin)(struct lane *lane, struct rte_mbuf **m, uint16_t n);
	/**
	 * After the engine: verdict, replay commit, padding, counters, depth + 1. A tunnel is
	 * stripped (PKT_F_TUNNEL: mbuf starts at the inner IP header, l3_off 0, ECN merged), in
	 * transport mode the packet's own header moves up to the payload. af is set, l4_proto is the
	 * ESP next header, in transport mode at l4_off.
	 */
	uint16_t (*in_end)(struct lane *lane, struct rte_mbuf **m, uint16_t n);
};

extern const struct xform_ops xform_ah;
extern const struct xform_ops xform_esp;
extern const struct xform_ops xform_ipcomp;

/** @return the transform for an IPsec protocol, or NULL when it is not implemented */
const struct xform_ops *
xform_find(uint8_t ipproto);

#endif
