/* SPDX-License-Identifier: BSD-2-Clause */
/* What libipsec-mb lacks, by OpenSSL's libcrypto: Camellia, CAST, Blowfish, RIPEMD160, keyed hashes. */
/* Opened and closed by control; worker i uses the contexts of row i only. */
#ifndef CRYPTO_LIBCRYPTO_H
#define CRYPTO_LIBCRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "ipsec/sa.h"
#include "pkt/lane.h"

struct evp; /* a library context of our own, with its providers */
struct evp_ses;

struct evp_want {
	bool cipher, mac; /* which half of the SA; an AEAD is a cipher */
	unsigned int nworkers;
};

/** Load the providers; the legacy one may be missing, then its algorithms are not offered. */
struct evp *
evp_new(void);
void
evp_free(struct evp *e);

/**
 * Make contexts for every worker, so that packets need no more.
 * @return 0; -ENOTSUP unknown here, or its provider is missing; -ENOMEM
 */
WARN_UNUSED int
evp_open(struct evp *e, const struct sa_spec *spec, const struct evp_want *want,
	struct evp_ses **out);
/** Free the contexts, and the keys with them. NULL is fine. */
void
evp_close(struct evp_ses *ses);

/** Encrypt or decrypt the text in place. @return false when libcrypto failed */
WARN_UNUSED bool
evp_crypt(const struct evp_ses *ses, unsigned int worker, const struct cop *cop, bool out);
/** Compute the ICV of cop->auth_len bytes at cop->aad. @return false when libcrypto failed */
WARN_UNUSED bool
evp_mac(const struct evp_ses *ses, unsigned int worker, const struct cop *cop, uint8_t *icv);
/** Seal, or open. @return 0; -EBADMSG wrong ICV, the text is not usable; -EIO libcrypto failed */
WARN_UNUSED int
evp_aead(const struct evp_ses *ses, unsigned int worker, const struct cop *cop, bool out);

#endif
