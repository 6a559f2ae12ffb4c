/* SPDX-License-Identifier: BSD-2-Clause */
/* struct addr: the only address type in lib (family, prefix length, port, bytes). */
/* A plain value: copied, compared with addr_cmp(); no owner, any thread. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

/* Longest text: "[" + 45 + "%scope" is never printed, so 45 + "/128" + "[65535]" + NUL. */
#define ADDR_STRLEN 64

struct addr {
	uint8_t af; /* AF_INET, AF_INET6; 0 = unset */
	uint8_t plen; /* prefix length in bits, 0..32 or 0..128; a host has the full length */
	uint16_t port_be; /* network order, 0 = any; ICMP type or code in selectors */
	uint8_t b[16]; /* network order; IPv4 in b[0..3], rest zero, so that memcmp works */
};

/** @return bytes of an address of this family: 4 or 16 (0 for an unset one) */
unsigned int
addr_len(const struct addr *a);

/** @return bits of a full prefix of this family: 32 or 128 */
uint8_t
addr_full_plen(const struct addr *a);

/** Build a host address from network-order bytes (4 or 16 by family). Full prefix, port 0. */
struct addr
addr_make(uint8_t af, const void *bytes);

/**
 * Parse "10.0.0.1", "fd00::1", each optionally with "/len". Numeric only, never DNS.
 *
 * Without "/len" the prefix is the full length. Host bits below the prefix are kept as written.
 * @param text  NUL-terminated
 * @return 0; -EINVAL not an address; -ERANGE prefix length too large for the family
 */
WARN_UNUSED int
addr_parse(const char *text, struct addr *out);

/** Print "10.0.0.1" (no prefix, no port). @return buf */
const char *
addr_str(const struct addr *a, char buf[ADDR_STRLEN]);

/** Print "10.0.0.0/24"; the prefix is left out when it is the full length. @return buf */
const char *
addr_prefix_str(const struct addr *a, char buf[ADDR_STRLEN]);

/** Family and address bytes equal (prefix and port ignored). */
bool
addr_eq(const struct addr *a, const struct addr *b);

/** Total order over family, bytes, prefix length and port. @return <0, 0, >0 */
int
addr_cmp(const struct addr *a, const struct addr *b);

/** True when host lies inside prefix (same family, first prefix->plen bits equal). */
bool
addr_in_prefix(const struct addr *prefix, const struct addr *host);

/** Zero the bits behind the prefix length. */
void
addr_mask(struct addr *a);

/** True for 0.0.0.0 and ::. */
bool
addr_is_any(const struct addr *a);

/** True for 224.0.0.0/4, 255.255.255.255 and ff00::/8. */
bool
addr_is_multicast(const struct addr *a);

#endif
