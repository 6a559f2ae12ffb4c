/* SPDX-License-Identifier: BSD-2-Clause */
/* Which test program shows which drop reason: a new reason without a row fails test_drops_rx. */
/* A program whose rows are checked at run time says so by its name; constants only. */
#ifndef DP_DROP_CLAIMS_H
#define DP_DROP_CLAIMS_H

#include "pkt/drop.h"

enum drop_witness {
	BY_NOBODY = 0,
	BY_DROPS_RX, /* test_drops_rx.c; checked there */
	BY_DROPS_SEC, /* test_drops_sec.c; checked there */
	BY_ESP, /* test_esp.c: engine errors, made by spoiling what the engine gets */
	BY_AH, /* test_ah_refusals.c; each is counted there */
	BY_IPCOMP, /* test_ipcomp.c; each is counted there */
	BY_CRYPTO, /* test_crypto.c: needs an engine with a queue that is full */
	BY_LOCAL, /* test_local.c: counted by control, not by a worker */
	BY_SUITE, /* test_suite.c; checked there */
	BY_FRAG, /* test_frag.c; checked there */
	BY_INJECT, /* test_inject.c: control's own queue to the workers */
};

static const enum drop_witness drop_claims[DROP_MAX] = {
	[DROP_RX_NOT_LINEAR] = BY_DROPS_RX,
	[DROP_ARP_MALFORMED] = BY_LOCAL,
	[DROP_L2_SHORT] = BY_DROPS_RX,
	[DROP_L2_UNKNOWN_TYPE] = BY_DROPS_RX,
	[DROP_L2_NOT_FOR_US] = BY_DROPS_RX,
	[DROP_L2_GROUP] = BY_DROPS_RX,
	[DROP_L2_VLAN] = BY_DROPS_RX,
	[DROP_IP_SHORT] = BY_DROPS_RX,
	[DROP_IP_VERSION] = BY_DROPS_RX,
	[DROP_IP_HLEN] = BY_DROPS_RX,
	[DROP_IP_CHECKSUM] = BY_DROPS_RX,
	[DROP_IP_EXTHDR] = BY_DROPS_RX,
	[DROP_IP_OPTIONS] = BY_DROPS_RX,
	[DROP_IP_BAD_ADDR] = BY_DROPS_RX,
	[DROP_IP_NO_ROUTE] = BY_DROPS_RX,
	[DROP_IP_TTL] = BY_DROPS_RX,
	[DROP_IP_TOO_BIG] = BY_DROPS_RX,
	[DROP_IP_MULTICAST] = BY_DROPS_RX,
	[DROP_IP_LOCAL] = BY_DROPS_RX,
	[DROP_FRAG_TINY] = BY_FRAG,
	[DROP_FRAG_SIZE] = BY_FRAG,
	[DROP_FRAG_TOO_BIG] = BY_FRAG,
	[DROP_FRAG_OVERLAP] = BY_FRAG,
	[DROP_FRAG_DUP] = BY_FRAG,
	[DROP_FRAG_LIMIT] = BY_FRAG,
	[DROP_FRAG_TIMEOUT] = BY_FRAG,
	[DROP_FRAG_PORTS] = BY_DROPS_RX,
	[DROP_FRAG_NOBUF] = BY_DROPS_RX,
	[DROP_NBR_QUEUE] = BY_LOCAL,
	[DROP_NBR_FAILED] = BY_LOCAL,
	[DROP_PUNT_FULL] = BY_DROPS_RX,
	[DROP_INJECT_FULL] = BY_INJECT,
	[DROP_ICMP_MALFORMED] = BY_LOCAL,
	[DROP_ICMP_IGNORED] = BY_LOCAL,
	[DROP_POLICY_IN] = BY_DROPS_SEC,
	[DROP_POLICY_OUT] = BY_DROPS_SEC,
	[DROP_POLICY_CHANGED] = BY_DROPS_SEC,
	[DROP_OUT_NO_SA] = BY_DROPS_SEC,
	[DROP_OUT_NO_ROOM] = BY_DROPS_SEC,
	[DROP_OUT_FRAG] = BY_ESP,
	[DROP_OUT_SEQ] = BY_DROPS_SEC,
	[DROP_OUT_SA_STATE] = BY_DROPS_SEC,
	[DROP_ESP_DISABLED] = BY_DROPS_SEC,
	[DROP_AH_DISABLED] = BY_SUITE,
	[DROP_IPCOMP_DISABLED] = BY_SUITE,
	[DROP_NATT_KEEPALIVE] = BY_SUITE,
	[DROP_OUT_SA_ADDR] = BY_SUITE,
	[DROP_SEC_NO_SA] = BY_DROPS_SEC,
	[DROP_SEC_SA_STATE] = BY_DROPS_SEC,
	[DROP_SEC_SA_ADDR] = BY_DROPS_SEC,
	[DROP_SEC_SHORT] = BY_DROPS_SEC,
	[DROP_SEC_LENGTH] = BY_DROPS_SEC,
	[DROP_SEC_SEQ_ZERO] = BY_DROPS_SEC,
	[DROP_SEC_REPLAY_OLD] = BY_DROPS_SEC,
	[DROP_SEC_REPLAY_DUP] = BY_DROPS_SEC,
	[DROP_SEC_AUTH] = BY_DROPS_SEC,
	[DROP_SEC_PAD] = BY_DROPS_SEC,
	[DROP_SEC_NEXT] = BY_DROPS_SEC,
	[DROP_SEC_INNER] = BY_DROPS_SEC,
	[DROP_SEC_SPOOF] = BY_DROPS_SEC,
	[DROP_SEC_DUMMY] = BY_DROPS_SEC,
	[DROP_SEC_ECN] = BY_DROPS_SEC,
	[DROP_SEC_NEST] = BY_DROPS_SEC,
	[DROP_SEC_SELECTOR] = BY_DROPS_SEC,
	[DROP_SEC_FRAG] = BY_AH,
	[DROP_SEC_HEAD] = BY_AH,
	[DROP_SEC_ICV_LEN] = BY_AH,
	[DROP_CRYPTO_QUEUE] = BY_CRYPTO,
	[DROP_COMP_DATA] = BY_IPCOMP,
	[DROP_COMP_TOO_BIG] = BY_IPCOMP,
	[DROP_CRYPTO_ERROR] = BY_ESP,
	[DROP_TX_FULL] = BY_DROPS_RX,
	[DROP_TX_LINK] = BY_DROPS_RX,
	[DROP_VEC_FULL] = BY_DROPS_RX,
	[DROP_NOT_READY] = BY_DROPS_RX,
};

#endif
