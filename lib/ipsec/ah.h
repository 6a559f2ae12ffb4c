/* SPDX-License-Identifier: BSD-2-Clause */
/* AH: how long its header is, and what of the IP header in front of it takes part in the ICV (RFC 4302). */
/* Pure functions on bytes of the caller, which are aligned to nothing. Any thread. */
#ifndef IPSEC_AH_H
#define IPSEC_AH_H

#include <stdint.h>

#include "base/defs.h"
#include "ipsec/knobs.h"

#define AH_HDR_LEN  12u /* next header, length, reserved, SPI, sequence number */
#define AH_OLD_LEN  8u /* RFC 1826: no sequence number */
#define AH_HEAD_MAX 256u /* bytes of IP header and extension headers that are masked, at most */

/** The parameters of one step, turned into masks. */
struct ah_rules {
	uint8_t tos_keep; /* bits of an IPv4 TOS that are authenticated */
	uint16_t frag_keep_be; /* bits of the IPv4 flags and offset word that are authenticated */
};

/**
 * ah_cleartos other than 0 takes the TOS as 0, as RFC 4302 does; 0 authenticates it, as RFC 1826 did.
 * ah_offsetmask is ANDed to the flags and offset word; 0 is what RFC 4302 does.
 */
static inline void
ah_rules_init(struct ah_rules *r, const struct knobs *k)
{
	const uint16_t mask = (uint16_t)k->ah_offsetmask;

	r->tos_keep = k->ah_cleartos != 0 ? 0 : 0xff;
	r->frag_keep_be =
		(uint16_t)(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? mask << 8 | mask >> 8 :
								       mask);
}

/**
 * Length of the whole header.
 *
 * @param fixed  AH_HDR_LEN or AH_OLD_LEN
 * @param icv    bytes of the ICV, an IV of GMAC included
 * @param align  4, or 8 for IPv6 and for IPv4 as Linux has it
 * @return bytes
 * @see RFC 4302 2.2, 3.3.3.2.1
 */
static inline unsigned int
ah_len(unsigned int fixed, unsigned int icv, unsigned int align)
{
	return (fixed + icv + align - 1) & ~(align - 1);
}

/** The length byte of a header: 32-bit words less two, for IPv6 too. @return its value */
static inline uint8_t
ah_len_field(unsigned int len)
{
	return (uint8_t)(len / 4 - 2);
}

/**
 * Give the IP header in front of an AH the form in which it is authenticated: what may change on the way
 * is zero, what changes in a known way is as the destination sees it. The header as it was is saved first.
 *
 * @param p     IP header; head bytes of it are there
 * @param head  bytes from p to the AH: the header with its options or extension headers
 * @param save  at least AH_HEAD_MAX bytes; p is untouched when the result is an error
 * @return 0; -EMSGSIZE more than AH_HEAD_MAX bytes; -EINVAL malformed, or what stands there is not head
 *         bytes of headers with an AH behind; -EOPNOTSUPP a header of which nobody can say what the
 *         destination will see: a fragment header, a routing header of unknown kind with segments left
 * @see RFC 4302 3.3.3.1, A1, A2
 */
WARN_UNUSED int
ah_mask(uint8_t *p, unsigned int head, const struct ah_rules *rules, uint8_t *save);

/** Undo ah_mask(). */
void
ah_unmask(uint8_t *p, unsigned int head, const uint8_t *save);

#endif
