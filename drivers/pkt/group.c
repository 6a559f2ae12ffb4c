/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/group.h"

#include <assert.h>
#include <stdbool.h>

#include "pkt/pkt.h"

/*
 * Counting sort by order of first appearance. The table is open-addressed and twice as large as a
 * vector can be, so that a probe ends soon; slots are found by the SA's address.
 */
#define SLOTS (2 * PVEC_MAX)

static bool
all_equal(struct rte_mbuf *const *m, uint16_t n)
{
	const struct sa_rt *first = pkt_meta(m[0])->sa;

	for (uint16_t i = 1; i < n; i++) {
		if (pkt_meta(m[i])->sa != first)
			return false;
	}
	return true;
}

void
group_by_sa(struct rte_mbuf **m, uint16_t n)
{
	const struct sa_rt *sa[SLOTS] = { NULL };
	uint16_t group_of_slot[SLOTS];
	uint16_t group[PVEC_MAX] = { 0 };
	uint16_t start[PVEC_MAX + 1] = { 0 };
	struct rte_mbuf *out[PVEC_MAX] = { NULL };
	uint16_t ngroup = 0;

	assert(n <= PVEC_MAX);
	if (n < 2 || all_equal(m, n))
		return;
	for (uint16_t i = 0; i < n; i++) {
		const struct sa_rt *s = pkt_meta(m[i])->sa;
		/* sa_rt is aligned to 64 bytes: lower bits carry nothing. */
		uint32_t slot = (uint32_t)((uintptr_t)s >> 6) * 2654435761u % SLOTS;

		while (sa[slot] != NULL && sa[slot] != s)
			slot = (slot + 1) % SLOTS;
		if (sa[slot] == NULL) {
			sa[slot] = s;
			group_of_slot[slot] = ngroup++;
		}
		group[i] = group_of_slot[slot];
		start[group[i] + 1]++;
	}
	for (uint16_t g = 0; g < ngroup; g++)
		start[g + 1] = (uint16_t)(start[g + 1] + start[g]);
	for (uint16_t i = 0; i < n; i++)
		out[start[group[i]]++] = m[i];
	for (uint16_t i = 0; i < n; i++)
		m[i] = out[i];
}
