/* SPDX-License-Identifier: BSD-2-Clause */
/* The SAD: all SAs with the tables that find them. Owner: keyd on the control thread. */
#ifndef IPSEC_SAD_H
#define IPSEC_SAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/addr.h"
#include "base/defs.h"
#include "ipsec/sa.h"
#include "ipsec/sp.h"

#define SAD_BUCKETS 4096 /* power of two */

TAILQ_HEAD(sa_list, sa);
LIST_HEAD(sa_bucket, sa);

struct sad {
	struct sa_list all;
	struct sa_bucket *by_spi; /* [SAD_BUCKETS], hash of {spi, proto, dst} */
	struct sa_bucket *by_addr; /* [SAD_BUCKETS], hash of {src, dst, proto} */
	uint32_t n;
	uint64_t next_order;
	uint64_t created, destroyed;
};

WARN_UNUSED int
sad_init(struct sad *sad);
/** Free every SA (wiping keys) and the tables. */
void
sad_fini(struct sad *sad);

/**
 * Insert a mature SA. Keys are copied; the caller still wipes its spec.
 * @return 0; -EEXIST sad_find_same() finds one; -ENOMEM
 */
WARN_UNUSED int
sad_add(struct sad *sad, const struct sa_spec *spec, uint64_t now_s, struct sa **out);

/** Unlink without freeing; sa_free() wipes the keys and frees. sad_link() takes it back. */
void
sad_unlink(struct sad *sad, struct sa *sa);
void
sad_link(struct sad *sad, struct sa *sa);
void
sa_free(struct sad *sad, struct sa *sa);

/**
 * @param dst  family and bytes are compared; a port, if given, must be that of an SA with UDP
 *             encapsulation
 * @return the newest such SA or NULL
 */
struct sa *
sad_find(struct sad *sad, uint32_t spi, uint8_t proto, const struct addr *dst);

/**
 * The SA that stands where spec wants to: same SPI, protocol, destination and, under UDP encapsulation,
 * destination port, for two clients behind one address translator may have chosen one SPI.
 * @return the SA or NULL
 */
struct sa *
sad_find_same(struct sad *sad, const struct sa_spec *spec);

/** Next SA between two addresses, newest first; NULL starts. @return SA, or NULL at the end */
struct sa *
sad_next_between(struct sad *sad, const struct saidx *idx, struct sa *prev);

/**
 * Choose the outbound SA for a policy request (key(4) selection rules: protocol, mode, end points,
 * reqid when the request has one; newest MATURE, else newest DYING; prefer_old inverts the age). Ports
 * of the addresses are compared when they are given: they tell apart the clients behind one address
 * translator.
 *
 * @param src,dst  the request's own end points (tunnel), or the packet's (transport)
 * @return the SA or NULL
 */
struct sa *
sad_choose(struct sad *sad, const struct sp_req *req, const struct addr *src,
	const struct addr *dst, bool prefer_old);

#endif
