/* SPDX-License-Identifier: BSD-2-Clause */
/* Anti-replay window: RFC 6479 ring of 64-bit blocks, RFC 4303 A2 for extended sequence numbers. */
/* Pure and unsynchronised: the data plane holds the SA's lock around a group of packets, and has check
 * and commit inline. */
#ifndef IPSEC_REPLAY_H
#define IPSEC_REPLAY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

#define REPLAY_BLOCK_BITS 64u

struct replay {
	uint64_t top; /* highest sequence number authenticated so far; 0 = none */
	uint32_t window; /* packets accepted behind top, exact; 0 = no checking */
	uint32_t mask; /* number of blocks - 1; blocks is a power of two */
	uint64_t bits[]; /* blocks; at least one block more than the window needs (RFC 6479) */
};

/** @return bytes to allocate for a window of this many packets (0..65536) */
size_t
replay_size(uint32_t window_pkts);

/** Initialise memory of replay_size() bytes. */
void
replay_init(struct replay *r, uint32_t window_pkts);

/**
 * Guess the high half of an extended sequence number (RFC 4303 A2.2).
 *
 * @param seq_lo  low 32 bits as received, host order
 * @return the full 64-bit number to check, authenticate with and commit. May be in the "next"
 *         subspace; authentication decides whether the guess was right
 */
uint64_t
replay_esn_guess(const struct replay *r, uint32_t seq_lo);

/**
 * Check a received sequence number without changing the window.
 *
 * Call before decryption to reject cheaply and again after authentication, then replay_commit().
 *
 * @param seq  full number, host order
 * @return 0 acceptable; -EINVAL zero; -ERANGE left of the window; -EALREADY seen
 * @see RFC 6479 (layout), RFC 4303 3.4.3 (check, authenticate, then mark)
 */
static inline WARN_UNUSED int
replay_check(const struct replay *r, uint64_t seq)
{
	if (seq == 0)
		return -EINVAL;
	if (r->window == 0 || seq > r->top)
		return 0;
	if (r->top - seq >= r->window)
		return -ERANGE;
	if (r->bits[(seq / REPLAY_BLOCK_BITS) & r->mask] >> (seq % REPLAY_BLOCK_BITS) & 1)
		return -EALREADY;
	return 0;
}

/** Mark an authenticated number that replay_check() accepted; advances the window if needed. */
static inline void
replay_commit(struct replay *r, uint64_t seq)
{
	uint64_t block = seq / REPLAY_BLOCK_BITS;
	uint64_t steps;

	if (seq > r->top) {
		steps = block - r->top / REPLAY_BLOCK_BITS;
		/* A jump over the whole ring clears every block once, not once per step. */
		if (steps > r->mask)
			steps = (uint64_t)r->mask + 1;
		for (uint64_t i = 0; i < steps; i++)
			r->bits[(block - i) & r->mask] = 0;
		r->top = seq;
	}
	r->bits[block & r->mask] |= (uint64_t)1 << (seq % REPLAY_BLOCK_BITS);
}

#endif
