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
	int32_t dscp; /* by inner family: -1 copies DSCP to the outer header, 0..63 sets it */
};

/** net.key.*: what the PF_KEY engine goes by, by NetBSD's names. */
struct knobs_key {
	int32_t debug;
	int32_t spi_try;
	int32_t spi_min_value, spi_max_value;
	int32_t random_int; /* seconds */
	int32_t larval_lifetime; /* seconds */
	int32_t blockacq_count;
	int32_t blockacq_lifetime; /* seconds */
	int32_t esp_keymin, ah_keymin; /* bits */
	int32_t esp_auth;
	int32_t allow_different_idtype;
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
	int32_t allow_legacy; /* 1 takes algorithms that RFC 8221 forbids */
	int32_t flowlabel; /* outer IPv6 flow label: 0 zero, 1 copied from an inner IPv6 header */
	int32_t prefrag; /* 1 cuts what is too large before it is protected, 0 the protected packet */
	int32_t mss_clamp; /* TCP MSS into tunnels: 0 off, 1 what the path takes, else at most this */
	int32_t pmtu_learn; /* 1 believes ICMP errors about SPIs that exist */
	int32_t frag_timeout_s; /* fragments of a packet wait this long for the others */
	int32_t frag_per_source; /* incomplete packets of one source at a time */
	int32_t audit_rate; /* audit records of one kind and worker a second, 0 = none */
	struct knobs_key key;
};

#define KNOBS_INIT                                                                             \
	{                                                                                      \
		.af = { { 1, 1, 1, 1, 1, 0, -1 }, { 1, 1, 1, 1, 1, 0, -1 } }, .dfbit = 2,      \
		.ah_cleartos = 1, .ipip_spoofcheck = 1, .esp_enable = 1, .ah_enable = 1,       \
		.ipcomp_enable = 1, .enabled = 1, .ip_ttl = 64, .prefrag = 1, .pmtu_learn = 1, \
		.frag_timeout_s = 15, .frag_per_source = 16, .audit_rate = 10,                 \
		.key = { .spi_try = 1000,                                                      \
			.spi_min_value = 0x100,                                                \
			.spi_max_value = 0x0fffffff,                                           \
			.random_int = 60,                                                      \
			.larval_lifetime = 30,                                                 \
			.blockacq_count = 10,                                                  \
			.blockacq_lifetime = 20,                                               \
			.esp_keymin = 256,                                                     \
			.ah_keymin = 128 },                                                    \
	}

#endif
