/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two directions of ESP share. Private to drivers/xform; workers only. */
#ifndef XFORM_ESP_PRIV_H
#define XFORM_ESP_PRIV_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipsec/esp.h"
#include "pkt/lane.h"
#include "pkt/sa_rt.h"

/* Additional data of an AEAD: SPI and the number, whose high half is not in the packet (RFC 4106 5). */
static inline void
put_aad(const struct sa_rt *sa, struct cop *cop, uint8_t *esp, uint64_t seq)
{
	uint32_t words[3];

	cop->aad = esp;
	cop->aad_len = ESP_HDR_LEN;
	if (sa->esn) {
		words[0] = sa->spi_be;
		words[1] = rte_cpu_to_be_32((uint32_t)(seq >> 32));
		words[2] = rte_cpu_to_be_32((uint32_t)seq);
		memcpy(cop->aad_buf, words, sizeof(words));
		cop->aad = cop->aad_buf;
		cop->aad_len = sizeof(words);
	}
}

/* With a separate MAC the high half is hashed behind the text, where the ICV goes (RFC 4303 2.2.1). */
static inline void
put_esn(struct cop *cop, uint8_t *behind_text, uint64_t seq)
{
	uint32_t hi_be = rte_cpu_to_be_32((uint32_t)(seq >> 32));

	memcpy(behind_text, &hi_be, sizeof(hi_be));
	cop->auth_len += (uint32_t)sizeof(hi_be);
}

/* Bytes of ciphertext in a packet whose meta has been checked or filled by us. */
static inline uint32_t
text_len(const struct sa_rt *sa, const struct pkt_meta *meta)
{
	return (uint32_t)meta->l4_len - sa->esp_fixed;
}

/* CBC IVs are 8 or 16 bytes; copies of constant length stay inline. */
static inline void
copy_iv(uint8_t *to, const uint8_t *from, unsigned int len)
{
	memcpy(to, from, 8);
	if (len > 8)
		memcpy(to + 8, from + 8, 8);
}

/**
 * Nonce of the counter modes other than GCM, from salt and the eight IV bytes (on the wire, or with an
 * implicit IV the sequence number). CTR: nonce, IV, block counter 1 (RFC 3686 4); CCM: 3 bytes of salt, IV
 * (RFC 4309 4); ChaCha20-Poly1305, GMAC, GCM with implicit IV: 4 bytes of salt, IV (RFC 7634 2, 4543 3.2).
 */
static inline void
put_nonce(const struct sa_rt *sa, struct cop *cop, const uint8_t iv[8])
{
	const unsigned int salt = sa->cls == ALG_CLASS_CCM ? 3 : 4;
	const uint8_t one[4] = { 0, 0, 0, 1 };

	memcpy(cop->iv, sa->salt, salt);
	memcpy(cop->iv + salt, iv, 8);
	if (sa->cls == ALG_CLASS_CTR)
		memcpy(cop->iv + 12, one, sizeof(one));
}

/**
 * AES-GMAC encrypts nothing: what it authenticates is given as additional data and a text that begins
 * with the IV (RFC 4543 3.3).
 */
static inline void
put_gmac_text(const struct sa_rt *sa, struct cop *cop)
{
	cop->text -= sa->iv_len;
	cop->text_len += sa->iv_len;
}

static inline bool
is_aead(const struct sa_rt *sa)
{
	return sa->cls == ALG_CLASS_GCM || sa->cls == ALG_CLASS_CCM ||
		sa->cls == ALG_CLASS_CHACHA || sa->cls == ALG_CLASS_GMAC;
}

uint16_t
esp_out_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n);
uint16_t
esp_out_end(struct lane *lane, struct rte_mbuf **m, uint16_t n);
uint16_t
esp_in_begin(struct lane *lane, struct rte_mbuf **m, uint16_t n);
uint16_t
esp_in_end(struct lane *lane, struct rte_mbuf **m, uint16_t n);

#endif
