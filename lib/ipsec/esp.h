/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP trailer (RFC 4303 2.4-2.6): padding length, padding bytes, next header. Inline, any thread. */
/* Owner: the caller owns the bytes and has checked the room. */
#ifndef IPSEC_ESP_H
#define IPSEC_ESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ESP_HDR_LEN     8u /* SPI, sequence number */
#define ESP_TRAILER_LEN 2u /* pad length, next header */
#define ESP_ICV_MAX     64u
#define ESP_BLK_MAX     16u /* largest padding block */
#define ESP_PAD_STORE   16u /* bytes esp_trailer_put() touches at least, whatever the padding */

/** @return padding bytes for a payload of len bytes; blk is a power of two, 4..ESP_BLK_MAX */
static inline unsigned int
esp_pad_len(unsigned int len, unsigned int blk)
{
	return (0u - (len + ESP_TRAILER_LEN)) & (blk - 1u);
}

/**
 * Write padding, pad length and next header behind the payload.
 *
 * The sixteen bytes are stored whole, because a store is cheaper than a loop of unknown length: the
 * caller must have ESP_PAD_STORE bytes of room at p; the ICV is written over the excess later.
 * @param pad  0..ESP_BLK_MAX - 1
 */
static inline void
esp_trailer_put(uint8_t *p, unsigned int pad, uint8_t next)
{
	static const uint8_t seq[ESP_PAD_STORE] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
		15, 16 };

	memcpy(p, seq, sizeof(seq));
	p[pad] = (uint8_t)pad;
	p[pad + 1] = next;
}

/** True when the n bytes at p are 1, 2, 3, ... n, as RFC 4303 2.4 wants a receiver to check. */
static inline bool
esp_pad_ok(const uint8_t *p, unsigned int n)
{
	unsigned int bad = 0;

	for (unsigned int i = 0; i < n; i++)
		bad |= p[i] ^ (i + 1u);
	return bad == 0;
}

/** What the decrypted text holds. */
struct esp_payload {
	unsigned int len; /* bytes before the padding */
	unsigned int pad; /* bytes of padding behind them */
	uint8_t next;
};

/** Find the trailer of len bytes of decrypted text. @return false when the padding is too long */
static inline bool
esp_trailer_find(const uint8_t *text, unsigned int len, struct esp_payload *out)
{
	if (len < ESP_TRAILER_LEN)
		return false;
	out->pad = text[len - 2];
	if (out->pad > len - ESP_TRAILER_LEN)
		return false;
	out->len = len - ESP_TRAILER_LEN - out->pad;
	out->next = text[len - 1];
	return true;
}

/** Take the trailer with sequential padding off. @return false when the padding is wrong */
static inline bool
esp_trailer_get(const uint8_t *text, unsigned int len, struct esp_payload *out)
{
	return esp_trailer_find(text, len, out) && esp_pad_ok(text + out->len, out->pad);
}

#endif
