/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile bytes as an IP packet with AH, inbound; and as a packet that AH has to protect, outbound. */
#include <netinet/in.h>

#include "fuzz/xform_fuzz.h"

static const struct row {
	enum alg_code auth;
	uint16_t authkey;
	uint8_t af, mode;
	uint32_t flags;
} rows[] = {
	{ ALG_HMAC_SHA1, 20, AF_INET, MODE_ANY, 0 },
	{ ALG_HMAC_SHA256, 32, AF_INET6, MODE_ANY, SA_F_ESN },
	{ ALG_HMAC_SHA256, 32, AF_INET, MODE_TUNNEL, SA_F_ALIGN8 },
	{ ALG_HMAC_SHA512, 64, AF_INET6, MODE_TRANSPORT, 0 },
	{ ALG_HMAC_SHA1, 20, AF_INET, MODE_TRANSPORT, SA_F_ESN },
	{ ALG_AES_GMAC_AUTH, 20, AF_INET6, MODE_ANY, SA_F_ESN },
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const int rc = xform_fuzz_start(&xform_ah, NULL);

	(void)argc;
	(void)argv;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		struct sa_spec spec = { .idx = { .proto = IPPROTO_AH, .mode = rows[i].mode },
			.spi = 0x10203040,
			.window_pkts = XFORM_FUZZ_WINDOW,
			.flags = rows[i].flags,
			.auth = alg_by_code(rows[i].auth) };

		spec.authkey.len = rows[i].authkey;
		xform_fuzz_add(&spec, rows[i].af);
	}
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return xform_fuzz_ip(data, size);
}
