/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/group.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include <rte_common.h>

#include "pkt/pkt.h"

/*
 * Counting sort by order of first appearance. The table is open-addressed and at least twice as large
 * as the vector, so that a probe ends soon; slots are found by the SA's address.
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

/* Number the SAs of a vector by first appearance. @return how many there are */
static uint16_t
number_groups(struct rte_mbuf *const *m, uint16_t n, uint16_t *group)
{
	const struct sa_rt *sa[SLOTS];
	uint16_t number[SLOTS];
	const uint32_t mask = rte_align32pow2(2u * n) - 1;
	uint16_t ngroup = 0;

	memset(sa, 0, (mask + 1) * sizeof(const struct sa_rt *));
	for (uint16_t i = 0; i < n; i++) {
		const struct sa_rt *s = pkt_meta(m[i])->sa;
		/* sa_rt is aligned to 64 bytes: lower bits carry nothing. */
		uint32_t slot = ((uint32_t)((uintptr_t)s >> 6) * 2654435761u >> 16) & mask;

		while (sa[slot] != NULL && sa[slot] != s)
			slot = (slot + 1) & mask;
		if (sa[slot] == NULL) {
			sa[slot] = s;
			number[slot] = ngroup++;
		}
		group[i] = number[slot];
	}
	return ngroup;
}

bool
group_by_sa(struct rte_mbuf **m, uint16_t n)
{
	uint16_t group[PVEC_MAX], start[PVEC_MAX + 1];
	struct rte_mbuf *out[PVEC_MAX];
	uint16_t ngroup;

	assert(n <= PVEC_MAX);
	if (n < 2 || all_equal(m, n))
		return true;
	ngroup = number_groups(m, n, group);
	if (ngroup == n)
		return false; /* nobody has company */
	memset(start, 0, (ngroup + 1u) * sizeof(start[0]));
	for (uint16_t i = 0; i < n; i++)
		start[group[i] + 1]++;
	for (uint16_t g = 0; g < ngroup; g++)
		start[g + 1] = (uint16_t)(start[g + 1] + start[g]);
	for (uint16_t i = 0; i < n; i++)
		out[start[group[i]]++] = m[i];
	memcpy(m, out, n * sizeof(struct rte_mbuf *));
	return false;
}
