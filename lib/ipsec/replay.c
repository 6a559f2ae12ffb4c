/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/replay.h"

#include <string.h>

/*
 * One block more than the window needs: when top enters a new block, that whole block is cleared,
 * and it must not hold numbers that are still inside the window (RFC 6479, 2).
 */
static uint32_t
blocks_for(uint32_t window_pkts)
{
	uint32_t need = (window_pkts + REPLAY_BLOCK_BITS - 1) / REPLAY_BLOCK_BITS + 1;
	uint32_t blocks = 2;

	while (blocks < need)
		blocks <<= 1;
	return blocks;
}

size_t
replay_size(uint32_t window_pkts)
{
	return sizeof(struct replay) + blocks_for(window_pkts) * sizeof(uint64_t);
}

void
replay_init(struct replay *r, uint32_t window_pkts)
{
	memset(r, 0, replay_size(window_pkts));
	r->window = window_pkts;
	r->mask = blocks_for(window_pkts) - 1;
}

uint64_t
replay_esn_guess(const struct replay *r, uint32_t seq_lo)
{
	uint32_t top_hi = (uint32_t)(r->top >> 32);
	uint32_t top_lo = (uint32_t)r->top;
	uint32_t width = r->window == 0 ? 1 : r->window;
	uint32_t bottom = top_lo - width + 1;
	uint32_t hi = top_hi;

	if (top_lo >= width - 1) {
		/* Case A: the window lies in one subspace; what is left of it belongs to the next. */
		if (seq_lo < bottom)
			hi = top_hi + 1;
	} else if (seq_lo >= bottom && top_hi > 0) {
		/* Case B: the window spans two; its left part belongs to the previous one. */
		hi = top_hi - 1;
	}
	return (uint64_t)hi << 32 | seq_lo;
}
