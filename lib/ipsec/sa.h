/* SPDX-License-Identifier: BSD-2-Clause */
/* struct sa, a complete and secret-bearing record, and the checks that need no database. */
/* Owner: keyd on the control thread; workers see struct sa_rt instead and never follow a pointer here. */
#ifndef IPSEC_SA_H
#define IPSEC_SA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/err.h"
#include "base/secret.h"
#include "ipsec/alg.h"
#include "ipsec/sp.h"
#include "ipsec/types.h"

#define SA_WINDOW_MAX 65536u /* packets */

/** Limits of one kind; 0 = none. */
struct life {
	uint64_t packets;
	uint64_t bytes;
	uint64_t add_s; /* seconds since creation */
	uint64_t use_s; /* seconds since first use */
};

/** Security association index: what identifies a set of interchangeable SAs. */
struct saidx {
	struct addr src, dst; /* full prefix; port_be only for NAT-T */
	uint8_t proto; /* IPPROTO_ESP, ... */
	uint8_t mode; /* enum sa_mode; MODE_ANY serves both */
	uint32_t reqid;
};

/** UDP encapsulation (RFC 3948). The ports are those of saidx.src and saidx.dst. */
struct sa_natt {
	uint8_t type; /* 0 none, 2 UDP (UDP_ENCAP_ESPINUDP) */
	uint16_t frag_len; /* setkey -esp_frag: bytes, 0 = off */
	uint16_t keepalive_s; /* send a keepalive after that many idle seconds, 0 = off */
	struct addr oa_src, oa_dst; /* original addresses (RFC 3948 2.1); af 0 = not known */
};

/** What somebody asks for: parsed, not yet in the database. Wipe with sa_spec_wipe(). */
struct sa_spec {
	struct saidx idx;
	uint32_t spi; /* host order */
	const struct alg *enc, *auth, *comp;
	struct secret enckey, authkey;
	uint32_t flags; /* SA_F_* */
	uint32_t window_pkts; /* anti-replay window, 0 = off, up to SA_WINDOW_MAX */
	struct life hard, soft;
	struct sa_natt natt;
	uint16_t
		tfc_len; /* pad inner packets of a tunnel to this many bytes, 0 = off (RFC 4303 2.7) */
};

struct sa {
	LIST_ENTRY(sa) by_spi;
	LIST_ENTRY(sa) by_addr;
	TAILQ_ENTRY(sa) link; /* creation order */
	struct sa_spec spec;
	enum sa_state state;
	uint64_t created_s; /* monotonic */
	uint64_t order; /* ever increasing: newer SA = larger */
	uint32_t seq; /* of the PF_KEY request that made it */
	int32_t pid;
	void *rt; /* data plane's struct sa_rt; opaque here */
	bool tunnelled; /* it is, or has been used as, a tunnel */
	uint64_t keepalive_s; /* monotonic, when it last sent a NAT keepalive */
	uint32_t mark; /* data plane's scratch: last commit that found this SA named by a policy */
};

void
sa_spec_wipe(struct sa_spec *spec);

/**
 * Check all that needs no database: algorithm and key combinations, SPI range, families, window.
 * @return 0; -EINVAL with the reason in err
 */
WARN_UNUSED int
sa_spec_check(const struct sa_spec *spec, struct err *err);

/** @return what must not be used today: a weak algorithm, unauthenticated ESP (RFC 8221); or NULL */
const char *
sa_spec_legacy(const struct sa_spec *spec);

/** UDP port by which inbound packets of an SA are told from those of its namesakes; 0 without UDP. */
uint16_t
sa_spec_port(const struct sa_spec *spec);

#endif
