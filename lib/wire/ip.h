/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4/IPv6/ICMP/UDP/ESP header layouts, checksums, and the IPv6 extension header walk. Any thread. */
#ifndef WIRE_IP_H
#define WIRE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

struct ip4 {
	uint8_t ver_ihl, tos;
	uint16_t len_be, id_be, frag_be;
	uint8_t ttl, proto;
	uint16_t csum_be;
	uint8_t src[4], dst[4];
};

struct ip6 {
	uint32_t vtf_be; /* version, traffic class, flow label */
	uint16_t plen_be;
	uint8_t next, hop_limit;
	uint8_t src[16], dst[16];
};

struct esp_hdr {
	uint32_t spi_be, seq_be;
};

#define IP4_DF       0x4000u
#define IP4_MF       0x2000u
#define IP4_OFF_MASK 0x1fffu

/** Internet checksum (RFC 1071) of len bytes added to sum; fold with ip_csum_fold(). */
uint32_t
ip_csum_add(const void *data, size_t len, uint32_t sum);
/** @return the one's complement checksum as it goes on the wire (memory order) */
uint16_t
ip_csum_fold(uint32_t sum);
/** IPv4 header checksum over ihl_bytes with the checksum field as it is. 0 when it is right. */
uint16_t
ip4_csum(const void *hdr, size_t ihl_bytes);
/** Checksum with the IPv6 or IPv4 pseudo header. @param addrs source and destination, contiguous */
uint16_t
ip_csum_pseudo(
	const uint8_t *addrs, size_t addrs_len, uint8_t proto, const void *l4, size_t l4_len);

/** Where the upper layer of an IPv6 packet begins. */
struct ip6_upper {
	uint16_t off; /* bytes from the IPv6 header */
	uint8_t proto; /* upper-layer protocol, or that of the non-walkable header */
	bool is_frag; /* a fragment header was met (walk ends behind it) */
	bool first_frag; /* ... with offset 0 */
	bool more_frags;
};

/**
 * Walk extension headers (hop-by-hop, routing, destination options, fragment) to the upper layer.
 *
 * @param p    IPv6 header
 * @param len  bytes of the whole packet from p
 * @return 0; -EINVAL malformed or running past len; -ELOOP more than 8 headers
 */
WARN_UNUSED int
ip6_find_upper(const uint8_t *p, size_t len, struct ip6_upper *out);

#endif
