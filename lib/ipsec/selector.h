/* SPDX-License-Identifier: BSD-2-Clause */
/* struct selector: what a policy matches (addresses, upper layer, ports, direction). Plain value. */
#ifndef IPSEC_SELECTOR_H
#define IPSEC_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "ipsec/types.h"

struct selector {
	struct addr src, dst; /* prefix and port; ICMP type in src.port_be, code in dst.port_be */
	uint8_t proto; /* upper layer, ULPROTO_ANY = any */
	uint8_t dir; /* enum sp_dir: DIR_IN or DIR_OUT */
};

/**
 * What a packet offers for matching. For ICMP, ICMPv6 and MH sport = type, dport = code.
 * has_ports is false for fragments and protocols without ports: such a packet matches only
 * selectors whose ports are both any, and, for non-first fragments, only if proto matches.
 */
struct selector_pkt {
	struct addr src, dst;
	uint8_t proto;
	bool has_ports;
	uint16_t sport_be, dport_be;
};

/** True when the packet matches (direction is not looked at). Exact reference for the classifier. */
bool
selector_match(const struct selector *s, const struct selector_pkt *p);

/** True when equal in every field: the identity by which SPDDELETE finds a policy. */
bool
selector_eq(const struct selector *a, const struct selector *b);

#endif
