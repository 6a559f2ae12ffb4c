/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile bytes as an IP packet with IPComp, inbound; and as a packet that IPComp has to compress. */
#include <netinet/in.h>

#include "fuzz/xform_fuzz.h"

static const struct row {
	uint8_t af, mode;
	uint32_t flags;
} rows[] = {
	{ AF_INET, MODE_ANY, 0 },
	{ AF_INET6, MODE_ANY, 0 },
	{ AF_INET, MODE_TUNNEL, SA_F_RAWCPI },
	{ AF_INET6, MODE_TRANSPORT, 0 },
	{ AF_INET, MODE_TRANSPORT, 0 },
	{ AF_INET6, MODE_TUNNEL, 0 },
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const int rc = xform_fuzz_start(&xform_ipcomp, "");

	(void)argc;
	(void)argv;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		struct sa_spec spec = { .idx = { .proto = IPPROTO_IPCOMP, .mode = rows[i].mode },
			.spi = 1000,
			.flags = rows[i].flags,
			.comp = alg_by_code(ALG_DEFLATE) };

		xform_fuzz_add(&spec, rows[i].af);
	}
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return xform_fuzz_ip(data, size);
}
