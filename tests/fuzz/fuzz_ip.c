/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an IPv6 packet: the extension header walk must stay inside them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "wire/ip.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ip6_upper u;

	if (ip6_find_upper(data, size, &u) != 0)
		return 0;
	if (u.off < sizeof(struct ip6) || u.off > size)
		abort();
	(void)ip_csum_fold(ip_csum_add(data + u.off, size - u.off, 0));
	return 0;
}
