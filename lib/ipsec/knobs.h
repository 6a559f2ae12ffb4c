/* SPDX-License-Identifier: BSD-2-Clause */
/* struct knobs: a flat copy of every sysctl-like parameter that a worker reads. */
/* Staged by control, published inside a snapshot, const for workers. Rows: keyd/key_params.c. */
#ifndef IPSEC_KNOBS_H
#define IPSEC_KNOBS_H

#include <stdint.h>

/** Parameters that exist once per address family (net.inet.ipsec.*, net.inet6.ipsec6.*). */
struct knobs_af {
	int32_t def_policy; /* 0 discard, 1 none */
	int32_t esp_trans_deflev; /* 1 use, 2 require */
	int32_t esp_net_deflev;
	int32_t ah_trans_deflev;
	int32_t ah_net_deflev;
	int32_t ecn; /* -1 copy/ignore, 0 RFC 6040 compatibility, 1 RFC 6040 normal */
};

#define KNOBS_V4 0
#define KNOBS_V6 1

struct knobs {
	struct knobs_af af[2]; /* [KNOBS_V4], [KNOBS_V6] */
	int32_t dfbit; /* outer IPv4 DF: 0 clear, 1 set, other copy from inner */
	int32_t ah_cleartos;
	int32_t ah_offsetmask;
	int32_t ipip_spoofcheck;
	int32_t esp_enable, ah_enable, ipcomp_enable;
	int32_t crypto_support; /* >0 hardware first, <0 software first, 0 what calibration found */
	int32_t test_replay, test_integrity;
	int32_t debug;
	int32_t enabled; /* net.inet.ipsec.enabled: 0 off, 1 once a policy exists, 2 always */
	int32_t ip_ttl; /* outer IPv4 TTL and IPv6 hop limit (64) */
	int32_t prefer_oldsa; /* net.key.prefered_oldsa */
};

#define KNOBS_INIT                                                                       \
	{                                                                                \
		.af = { { 1, 1, 1, 1, 1, 0 }, { 1, 1, 1, 1, 1, 0 } }, .dfbit = 2,        \
		.ah_cleartos = 1, .ipip_spoofcheck = 1, .esp_enable = 1, .ah_enable = 1, \
		.ipcomp_enable = 1, .enabled = 1, .ip_ttl = 64,                          \
	}

#endif
