/* SPDX-License-Identifier: BSD-2-Clause */
/* struct sa_rt and sp_rt: the hot twins of struct sa and struct sp, what packets need. */
/* Const part written by control before publication; mutable fields say who writes. Freed by limbo. */
#ifndef PKT_SA_RT_H
#define PKT_SA_RT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_spinlock.h>

#include "ipsec/alg.h"
#include "ipsec/replay.h"
#include "ipsec/sp.h"

struct xform_ops;
struct crypto_ops;
struct sa;

/* Bits of sa_rt.opts. */
#define SA_RT_IIV      0x0002u /* implicit IV: the sequence number is the IV (RFC 8750) */
#define SA_RT_PAD_RAND 0x0004u /* outbound padding is random, inbound padding is not looked at */
#define SA_RT_PAD_ZERO 0x0008u /* padding is zeros */
#define SA_RT_RAWCPI   0x0010u /* IPComp: the SPI is the CPI, else the algorithm's well-known one */
#define SA_RT_ALIGN8   0x0020u /* AH over IPv4: header padded to 8 bytes, as Linux expects */
#define SA_RT_OLD      0x0040u /* RFC 1826, 1827: no sequence number */
#define SA_RT_OA_SRC   0x0080u /* the source's address before the NAT is in oa_sum */
#define SA_RT_OA_DST   0x0100u /* the destination's is */
#define SA_RT_TFC      0x0200u /* tfc_len is not 0 */
#define SA_RT_NATT     0x0400u /* UDP encapsulation (RFC 3948); PKT_F_UDP, so that one test does */

#define SA_HDR_MAX 64u /* outer IP + UDP + SPI template */

/** Row of worker i, written by that worker only; control sums. One cache line. */
struct sa_lc {
	uint64_t pkts, bytes, last_tsc;
	uint32_t inflight; /* packets of this SA inside an async engine: ++ at submit, -- at poll */
	uint32_t replayed, auth_fail, bad_pad, malformed, seq_overflow, addr_mismatch;
	uint32_t route_gen; /* snapshot generation for which route_nh is valid; 0 = never */
	uint16_t route_nh; /* next hop of the outer destination */
	uint16_t route_mtu; /* bytes of the largest outer packet that this route takes */
} __rte_cache_aligned;
static_assert(sizeof(struct sa_lc) == 64, "one line per worker");

struct sa_rt {
	/* line 0: constants */
	const struct xform_ops *xf;
	const struct crypto_ops *crypto;
	void *ses; /* engine's session: key schedules, or a cryptodev session */
	uint16_t opts; /* SA_RT_* */
	uint16_t
		tfc_len; /* outbound tunnel: pad inner packets to this many bytes, 0 = off (RFC 4303 2.7) */
	uint16_t
		frag_len; /* outbound: cut larger packets to this before protecting them, 0 = off */
	uint16_t oa_sum; /* inbound NAT-T: sum of the known original addresses, see SA_RT_OA_* */
	rte_be32_t spi_be;
	uint32_t slot; /* unique while installed; part of flow cache keys */
	uint32_t reqid;
	uint8_t salt[4];
	uint8_t proto; /* IPPROTO_ESP, IPPROTO_AH, IPPROTO_IPCOMP */
	uint8_t mode; /* enum sa_mode; MODE_ANY: as the policy asks, as the packet shows */
	uint8_t dir; /* enum sp_dir: DIR_IN, DIR_OUT; DIR_ANY when neither end is ours */
	uint8_t outer_af; /* AF_INET, AF_INET6 */
	uint8_t iv_len, icv_len;
	uint8_t blk; /* padding block, >= 4 */
	uint8_t hdr_len; /* template bytes: outer IP (+ UDP) + 8 (SPI, sequence) */
	uint8_t cls; /* enum alg_class of the cipher */
	uint8_t esn; /* 1: 64-bit sequence numbers */
	uint8_t auth; /* 1: integrity is checked (AEAD or auth algorithm) */
	uint8_t tail; /* worst-case bytes behind the payload: pad + 2 + ICV + ESN word */
	uint8_t dev_id; /* look-aside device */
	uint8_t esp_fixed; /* bytes of an ESP packet that are not ciphertext: header, IV, ICV */
	uint8_t len_mask; /* inbound ESP: bits of the ciphertext's length that must be 0 */
	uint8_t outer_len; /* template bytes in front of the protocol's header: outer IP (+ UDP) */
	/* line 1: outer header; outbound it is prepended, inbound its addresses are what to expect */
	uint8_t hdr[SA_HDR_MAX] __rte_cache_aligned;
	/* line 2: mutable */
	_Atomic uint64_t seq __rte_cache_aligned; /* outbound: last number given out; one */
	/* fetch_add(n) per group, any worker */
	uint64_t iv_base; /* random, set at install: counter-mode IV = iv_base + seq */
	uint64_t seq_limit; /* last usable number: 2^32-1, or 2^64-1 with ESN */
	rte_spinlock_t lock; /* inbound: taken once per group around replay check and commit */
	_Atomic uint8_t state; /* enum sa_state; control writes, workers read relaxed */
	_Atomic uint8_t bound; /* inbound: some inbound policy names this tunnel; control writes */
	_Atomic uint16_t
		pmtu; /* outbound: learnt path MTU of the outer packet, 0 = none; control writes */
	uint64_t pmtu_ms; /* when control learnt pmtu, by its clock */
	struct replay *rp; /* inbound; NULL when the window is 0 */
	struct sa *rec; /* control thread only; workers never follow it */
	struct sa_lc lc[]; /* one row per worker */
} __rte_cache_aligned;
static_assert(offsetof(struct sa_rt, hdr) == 64, "line 0 holds the constants");
static_assert(offsetof(struct sa_rt, seq) == 128, "line 1 holds the header");
static_assert(offsetof(struct sa_rt, lc) == 192, "rows start on a line");

/** Row of worker i; padded to a line per worker. */
struct sp_lc {
	uint64_t pkts, bytes, last_tsc;
} __rte_cache_aligned;

struct sp_step {
	struct sp_req req; /* as the policy says */
	_Atomic uint8_t level; /* resolved by control: LEVEL_USE, REQUIRE or UNIQUE */
	struct sa_rt *_Atomic sa; /* control stores release, workers load acquire; NULL = none */
};

struct sp_rt {
	uint32_t id;
	uint32_t slot; /* index in snapshot.sp */
	uint8_t gen; /* generation of the slot, never 0 */
	uint8_t action; /* enum sp_action */
	uint8_t nreq;
	uint8_t dir;
	struct sp *rec; /* control thread only */
	struct selector sel; /* const copy, for the exact walk */
	struct sp_step step[SP_REQ_MAX];
	_Atomic uint8_t acquire_pending; /* set by a worker, cleared by control */
	struct sp_lc lc[];
};

/** Identify a policy across time: 24 bits of slot, 8 of generation. Never 0. */
static inline uint32_t
sp_rt_ref(const struct sp_rt *sp)
{
	return sp->slot << 8 | sp->gen;
}

#endif
