/* SPDX-License-Identifier: BSD-2-Clause */
/* What a sealed packet must look like, by OpenSSL's EVP and the RFCs; slow and simple. */
/* Owner: the test program; one thread. */
#ifndef DP_CRYPTO_MODEL_H
#define DP_CRYPTO_MODEL_H

#include <stdint.h>

#include "ipsec/sa.h"
#include "pkt/lane.h"

/**
 * Compute what an engine makes of an outbound packet: reads the clear text and all that is
 * authenticated where cop points.
 *
 * @param out  ciphertext and ICV; AH, which has no cipher: the ICV
 */
void
crypto_model(const struct sa_spec *spec, const struct cop *cop, uint8_t *out);

#endif
