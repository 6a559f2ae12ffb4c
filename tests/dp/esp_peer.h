/* SPDX-License-Identifier: BSD-2-Clause */
/* The other end of an ESP SA, on libcrypto: seals and opens packets independently of lib/ipsec. */
/* Owner: the test program; one thread. */
#ifndef DP_ESP_PEER_H
#define DP_ESP_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "crypto/crypto.h"
#include "xform/xform.h"

#define SPI      0x10203040u
#define WINDOW   64u
#define BUF_SIZE 2048u
#define SUITES   8

struct suite {
	const char *enc, *auth;
	uint16_t enckey_len, authkey_len;
};

extern const struct suite suites[SUITES];

/* Both ends of one SA: the data path's object and the keys, for libcrypto. */
struct peer {
	struct sa_spec spec;
	struct sa_rt *sa;
};

/* What to seal: a payload, its trailer, and the lies to tell. */
struct sealing {
	const uint8_t *payload;
	unsigned int len;
	uint64_t seq;
	uint8_t next;
	uint8_t tos; /* outer */
	uint8_t pad_xor; /* added to the first padding byte */
	uint8_t pad_len_add;
	unsigned int more_blocks; /* of padding */
};

extern struct rte_mempool *pool;
extern struct lane *lane;
extern struct crypto *crypto;
extern struct knobs knobs;
extern uint64_t rng;

struct engine;

/** Pool, lane and engine for the cases of a group; and none of it left. */
void
peers_start(const struct engine *e);
void
peers_stop(void);

/** Begin, the engine of the SAs, end. @return packets left */
uint16_t
out_burst(struct rte_mbuf **m, uint16_t n);
uint16_t
in_burst(struct rte_mbuf **m, uint16_t n);

/** True when the open engine has the suite. */
bool
suite_offered(const struct suite *s);
/** Suite i, or the first one, which every engine has. */
const struct suite *
pick(unsigned int i);

/** An SA from 192.0.2.1 or 2001:db8::1 to .2 or ::2 with random keys; drop counters start at 0. */
struct addr
end_point(uint8_t af, uint8_t last);
struct sa_spec
make_spec(const struct suite *s, uint8_t outer_af, bool esn);
void
peer_open(struct peer *p, const struct suite *s, uint8_t outer_af, bool esn);
/** The same from p->spec, which the caller has filled. */
void
peer_open_spec(struct peer *p);
void
peer_close(struct peer *p);

/** An IP packet of len bytes with random contents behind a right header. */
void
make_inner(uint8_t *p, unsigned int len, uint8_t af, uint8_t tos);
/** Put a packet into an mbuf as a port does: 14 bytes in front, link padding behind. */
struct rte_mbuf *
wrap(const struct peer *peer, const uint8_t *p, unsigned int len, uint8_t af);
struct rte_mbuf *
inner_pkt(const struct peer *peer, uint8_t *copy, unsigned int len, uint8_t af);
struct rte_mbuf *
sealed_pkt(const struct peer *peer, const struct sealing *s);
/** The ESP packet alone, by the letter of RFC 4303 and 4106. @return its bytes */
unsigned int
seal_esp(const struct peer *peer, const struct sealing *s, uint8_t *esp);

/** Open one of our packets (the last one sealed) and compare all of it. */
void
check_opens(const struct peer *peer, struct rte_mbuf *m, const uint8_t *inner, unsigned int len);
/** The same for any payload, in transport mode too. */
void
check_payload(const struct peer *peer, struct rte_mbuf *m, const struct sealing *want);
/** Check the outer header, made from an inner TOS of 0x28. */
void
check_outer(const struct peer *peer, struct rte_mbuf *m);

/** Check the UDP header of set_natt() in front of ESP, len bytes with it. */
void
check_udp(const uint8_t *udp, const uint8_t *ip, unsigned int len);

/** UDP encapsulation from port 4501 to 61234. */
void
set_natt(struct sa_spec *spec);

/** The packet must be dropped for this reason, and freed. */
void
expect_drop(struct rte_mbuf *m, enum drop_reason reason);
void
expect_out_drop(struct rte_mbuf *m, enum drop_reason reason);

#endif
