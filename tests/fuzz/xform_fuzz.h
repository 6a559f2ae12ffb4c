/* SPDX-License-Identifier: BSD-2-Clause */
/* One transform under hostile bytes: SAs, packets that end with their memory, begin, engine, end. */
/* Owner: the fuzz target; one thread. */
#ifndef FUZZ_XFORM_FUZZ_H
#define FUZZ_XFORM_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "crypto/crypto.h"
#include "xform/xform.h"

#define XFORM_FUZZ_SAS    16u /* at most */
#define XFORM_FUZZ_WINDOW 64u /* anti-replay, packets */

/* What libFuzzer calls. */
int
LLVMFuzzerInitialize(int *argc, char ***argv);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/**
 * Start EAL, a lane and an engine for a transform; at exit they are closed, and nothing that was opened
 * may be left.
 * @param compress_device  as in struct crypto_conf; with one, compression is the engine
 * @return 0, or not when the end cannot be registered
 */
int
xform_fuzz_start(const struct xform_ops *xform, const char *compress_device);

/**
 * Open an SA from 192.0.2.1 or 2001:db8::1 to .2 or ::2, or abort. Keys are 00 01 02 ..., so that a
 * seed can be a packet that verifies. @param spec  addresses (not ports) and key bytes are set here
 */
void
xform_fuzz_add(struct sa_spec *spec, uint8_t af);

/** @return the SA that these bits choose, modulo the SAs there are */
struct sa_rt *
xform_fuzz_sa(unsigned int bits);

/**
 * An allocation of front + len + behind bytes as a packet of len bytes: ASan sees a step over its end.
 * Bytes are not set.
 */
struct rte_mbuf *
xform_fuzz_mbuf(uint16_t front, uint16_t len, uint16_t behind);

/**
 * Inbound, each input for itself. @param right  give the packet what the engine of the peer would have
 * given it, so that what is behind the verdict is reached; then it must verify
 * @return whether it came out, maybe in another mbuf; otherwise it was freed
 */
bool
xform_fuzz_in(struct rte_mbuf **m, bool right);

/** @return false for what the transform refused; the packet is freed */
bool
xform_fuzz_out(struct rte_mbuf **m);

/** Whether m is a whole packet inside its buffer, or the data path would read beyond it. */
bool
xform_fuzz_is_whole(struct rte_mbuf *m);

/** Abort when a packet of an input is left. @return 0 for libFuzzer */
int
xform_fuzz_end(void);

/**
 * An input whose packet is a whole IP packet, both ways. Byte 0: the SA (low bits); 0x80 as right in
 * xform_fuzz_in(), where the engine has keys; 0x40 is outbound. Byte 1: depth in its top bits; 0x01
 * transport mode outbound, 0x02 no byte behind the packet, 0x04 a fragment. The rest is the packet, which
 * gets the addresses of the SA. @return for libFuzzer
 */
int
xform_fuzz_ip(const uint8_t *data, size_t size);

#endif
