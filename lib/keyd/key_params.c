/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyd/key_params.h"

#include <errno.h>

#include "ipsec/knobs.h"
#include "keyd/keyd.h"

#define AT(field) offsetof(struct knobs, field)
#define AT_AF(af_, f_)                                                  \
	(offsetof(struct knobs, af) + (af_) * sizeof(struct knobs_af) + \
		offsetof(struct knobs_af, f_))

/* Packets would pass in clear that a policy protects (ipsec(4): EBUSY). */
static int
enabled_check(const void *ctx, int32_t value, struct err *err)
{
	const struct keyd *kd = ctx;

	if (value != 0 || kd == NULL || kd->spd.n == 0)
		return 0;
	return err_set(err, -EBUSY, "IPsec cannot be switched off while there are policies");
}

/* As in NetBSD it stays 1 when the last policy goes. */
static int32_t
used_get(const void *ctx)
{
	const struct keyd *kd = ctx;

	return kd != NULL && kd->spd.created > 0;
}

static const struct param_hook enabled_hook = { .check = enabled_check };
static const struct param_hook used_hook = { .get = used_get };

/* A row, and a row with something special about it. */
#define PX(name_, min_, max_, off_, doc_, ...)                                                 \
	{                                                                                      \
		.name = name_, .min = min_, .max = max_, .off = off_, .doc = doc_, __VA_ARGS__ \
	}
#define P(name, min, max, off, doc) PX(name, min, max, off, doc, .same = NULL)

/*
 * Sorted by name: params_find() searches by halves. Names, defaults and ranges are NetBSD's, but for
 * allow_legacy, audit_rate, dscp, flowlabel, frag_*, mss_clamp, pmtu_learn and prefrag, which are ours. Where
 * NetBSD takes any number, so do we: what it means is said of the numbers that differ.
 */
static const struct param rows[] = {
	PX("net.inet.ah.ah_enable", INT32_MIN, INT32_MAX, AT(ah_enable), "0 drops all AH",
		.same = "net.inet.ipsec.ah_enable"),
	PX("net.inet.ah.ah_stats", 0, 0, 0, "counters of AH in NetBSD's order", .read_only = true,
		.vector = KEY_VECTOR_AH),
	PX("net.inet.ah.net_deflev", 1, 2, AT_AF(KNOBS_V4, ah_net_deflev),
		"level default of ah/tunnel: 1 use, 2 require",
		.same = "net.inet.ipsec.ah_net_deflev"),
	PX("net.inet.ah.trans_deflev", 1, 2, AT_AF(KNOBS_V4, ah_trans_deflev),
		"level default of ah/transport: 1 use, 2 require",
		.same = "net.inet.ipsec.ah_trans_deflev"),
	PX("net.inet.esp.esp_enable", INT32_MIN, INT32_MAX, AT(esp_enable), "0 drops all ESP",
		.same = "net.inet.ipsec.esp_enable"),
	PX("net.inet.esp.esp_stats", 0, 0, 0, "counters of ESP in NetBSD's order",
		.read_only = true, .vector = KEY_VECTOR_ESP),
	PX("net.inet.esp.net_deflev", 1, 2, AT_AF(KNOBS_V4, esp_net_deflev),
		"level default of esp/tunnel: 1 use, 2 require",
		.same = "net.inet.ipsec.esp_net_deflev"),
	PX("net.inet.esp.trans_deflev", 1, 2, AT_AF(KNOBS_V4, esp_trans_deflev),
		"level default of esp/transport: 1 use, 2 require",
		.same = "net.inet.ipsec.esp_trans_deflev"),
	P("net.inet.ip.ttl", 1, 255, AT(ip_ttl), "outer TTL and hop limit"),
	PX("net.inet.ipcomp.ipcomp_enable", INT32_MIN, INT32_MAX, AT(ipcomp_enable),
		"0 drops all IPComp", .same = "net.inet.ipsec.ipcomp_enable"),
	PX("net.inet.ipcomp.ipcomp_stats", 0, 0, 0, "counters of IPComp in NetBSD's order",
		.read_only = true, .vector = KEY_VECTOR_IPCOMP),
	PX("net.inet.ipip.ipip_stats", 0, 0, 0, "counters of tunnels in NetBSD's order",
		.read_only = true, .vector = KEY_VECTOR_IPIP),
	P("net.inet.ipsec.ah_cleartos", INT32_MIN, INT32_MAX, AT(ah_cleartos),
		"not 0: treat TOS as 0 in the AH ICV"),
	P("net.inet.ipsec.ah_enable", INT32_MIN, INT32_MAX, AT(ah_enable), "0 drops all AH"),
	P("net.inet.ipsec.ah_net_deflev", 1, 2, AT_AF(KNOBS_V4, ah_net_deflev),
		"level default of ah/tunnel: 1 use, 2 require"),
	P("net.inet.ipsec.ah_offsetmask", INT32_MIN, INT32_MAX, AT(ah_offsetmask),
		"mask of the fragment word in the AH ICV"),
	P("net.inet.ipsec.ah_trans_deflev", 1, 2, AT_AF(KNOBS_V4, ah_trans_deflev),
		"level default of ah/transport: 1 use, 2 require"),
	P("net.inet.ipsec.allow_legacy", 0, 1, AT(allow_legacy),
		"1 takes algorithms that RFC 8221 forbids"),
	P("net.inet.ipsec.audit_rate", 0, 1000000, AT(audit_rate),
		"audit records of one kind and worker in a second, 0 none"),
	P("net.inet.ipsec.crypto_support", INT32_MIN, INT32_MAX, AT(crypto_support),
		"above 0 hardware first, below 0 software first, 0 what is faster"),
	P("net.inet.ipsec.debug", INT32_MIN, INT32_MAX, AT(debug), "more log lines"),
	P("net.inet.ipsec.def_policy", 0, 1, AT_AF(KNOBS_V4, def_policy),
		"no policy matches IPv4: 0 discard, 1 none"),
	P("net.inet.ipsec.dfbit", INT32_MIN, INT32_MAX, AT(dfbit),
		"outer DF: 0 clear, 1 set, other values copy"),
	P("net.inet.ipsec.dscp", -1, 63, AT_AF(KNOBS_V4, dscp),
		"outer DSCP over an inner IPv4 packet: -1 copies the inner one"),
	P("net.inet.ipsec.ecn", INT32_MIN, INT32_MAX, AT_AF(KNOBS_V4, ecn),
		"RFC 6040: 1 normal mode, 0 compatibility mode, -1 leave the inner header alone"),
	PX("net.inet.ipsec.enabled", 0, 2, AT(enabled),
		"0 off, 1 on once a policy exists, 2 always on; 0 is refused while a policy exists",
		.hook = &enabled_hook),
	P("net.inet.ipsec.esp_enable", INT32_MIN, INT32_MAX, AT(esp_enable), "0 drops all ESP"),
	P("net.inet.ipsec.esp_net_deflev", 1, 2, AT_AF(KNOBS_V4, esp_net_deflev),
		"level default of esp/tunnel: 1 use, 2 require"),
	P("net.inet.ipsec.esp_trans_deflev", 1, 2, AT_AF(KNOBS_V4, esp_trans_deflev),
		"level default of esp/transport: 1 use, 2 require"),
	P("net.inet.ipsec.frag_per_source", 1, 4096, AT(frag_per_source),
		"incomplete packets of one source at a time"),
	P("net.inet.ipsec.frag_timeout", 1, 120, AT(frag_timeout_s),
		"seconds that fragments of a packet wait for the others"),
	P("net.inet.ipsec.ipcomp_enable", INT32_MIN, INT32_MAX, AT(ipcomp_enable),
		"0 drops all IPComp"),
	P("net.inet.ipsec.ipip_spoofcheck", INT32_MIN, INT32_MAX, AT(ipip_spoofcheck),
		"not 0: drop decapsulated packets from one of our own addresses"),
	PX("net.inet.ipsec.ipsecstats", 0, 0, 0, "counters of IPsec as a whole in NetBSD's order",
		.read_only = true, .vector = KEY_VECTOR_IPSEC),
	P("net.inet.ipsec.mss_clamp", 0, 65535, AT(mss_clamp),
		"TCP MSS into tunnels: 0 off, 1 what the path takes, else at most this"),
	P("net.inet.ipsec.pmtu_learn", 0, 1, AT(pmtu_learn),
		"1 believes ICMP errors about SPIs that exist"),
	P("net.inet.ipsec.prefrag", 0, 1, AT(prefrag),
		"1 cuts what is too large before it is protected, 0 the protected packet"),
	P("net.inet.ipsec.test_integrity", 0, 1, AT(test_integrity), "send wrong ICVs"),
	P("net.inet.ipsec.test_replay", 0, 1, AT(test_replay), "send the same number twice"),
	PX("net.inet.ipsec.used", 0, 1, 0, "1 once a policy has existed", .hook = &used_hook,
		.read_only = true),
	P("net.inet6.ipsec6.ah_net_deflev", 1, 2, AT_AF(KNOBS_V6, ah_net_deflev),
		"level default of ah/tunnel: 1 use, 2 require"),
	P("net.inet6.ipsec6.ah_trans_deflev", 1, 2, AT_AF(KNOBS_V6, ah_trans_deflev),
		"level default of ah/transport: 1 use, 2 require"),
	PX("net.inet6.ipsec6.debug", INT32_MIN, INT32_MAX, AT(debug), "more log lines",
		.same = "net.inet.ipsec.debug"),
	P("net.inet6.ipsec6.def_policy", 0, 1, AT_AF(KNOBS_V6, def_policy),
		"no policy matches IPv6: 0 discard, 1 none"),
	P("net.inet6.ipsec6.dscp", -1, 63, AT_AF(KNOBS_V6, dscp),
		"outer DSCP over an inner IPv6 packet: -1 copies the inner one"),
	P("net.inet6.ipsec6.ecn", INT32_MIN, INT32_MAX, AT_AF(KNOBS_V6, ecn),
		"RFC 6040: 1 normal mode, 0 compatibility mode, -1 leave the inner header alone"),
	PX("net.inet6.ipsec6.enabled", 0, 2, AT(enabled),
		"0 off, 1 on once a policy exists, 2 always on; 0 is refused while a policy exists",
		.same = "net.inet.ipsec.enabled", .hook = &enabled_hook),
	P("net.inet6.ipsec6.esp_net_deflev", 1, 2, AT_AF(KNOBS_V6, esp_net_deflev),
		"level default of esp/tunnel: 1 use, 2 require"),
	P("net.inet6.ipsec6.esp_trans_deflev", 1, 2, AT_AF(KNOBS_V6, esp_trans_deflev),
		"level default of esp/transport: 1 use, 2 require"),
	P("net.inet6.ipsec6.flowlabel", 0, 1, AT(flowlabel),
		"outer IPv6 flow label: 0 zero, 1 copied from an inner IPv6 header"),
	PX("net.inet6.ipsec6.ipsecstats", 0, 0, 0, "counters of IPsec as a whole in NetBSD's order",
		.same = "net.inet.ipsec.ipsecstats", .read_only = true, .vector = KEY_VECTOR_IPSEC),
	PX("net.inet6.ipsec6.used", 0, 1, 0, "1 once a policy has existed",
		.same = "net.inet.ipsec.used", .hook = &used_hook, .read_only = true),
	P("net.key.ah_keymin", INT32_MIN, INT32_MAX, AT(key.ah_keymin),
		"bits: algorithms with shorter keys are not proposed for AH"),
	P("net.key.allow_different_idtype", INT32_MIN, INT32_MAX, AT(key.allow_different_idtype),
		"1 lets the identities of an SA be of different types"),
	P("net.key.blockacq_count", INT32_MIN, INT32_MAX, AT(key.blockacq_count),
		"acquire messages suppressed between two"),
	P("net.key.blockacq_lifetime", INT32_MIN, INT32_MAX, AT(key.blockacq_lifetime),
		"seconds after which an acquire message is repeated"),
	P("net.key.debug", INT32_MIN, INT32_MAX, AT(key.debug),
		"bit mask of messages about PF_KEY"),
	P("net.key.esp_auth", INT32_MIN, INT32_MAX, AT(key.esp_auth),
		"1 proposes ESP with authentication algorithms"),
	P("net.key.esp_keymin", INT32_MIN, INT32_MAX, AT(key.esp_keymin),
		"bits: algorithms with shorter keys are not proposed for ESP"),
	P("net.key.larval_lifetime", INT32_MIN, INT32_MAX, AT(key.larval_lifetime),
		"seconds that an SPI without keys is kept"),
	P("net.key.prefered_oldsa", INT32_MIN, INT32_MAX, AT(prefer_oldsa),
		"not 0 uses the oldest SA of several, 0 the newest"),
	P("net.key.random_int", INT32_MIN, INT32_MAX, AT(key.random_int),
		"seconds; of history only"),
	P("net.key.spi_max_value", INT32_MIN, INT32_MAX, AT(key.spi_max_value),
		"largest SPI to choose"),
	P("net.key.spi_min_value", INT32_MIN, INT32_MAX, AT(key.spi_min_value),
		"smallest SPI to choose"),
	P("net.key.spi_try", INT32_MIN, INT32_MAX, AT(key.spi_try), "attempts to find a free SPI"),
};

const struct params_tree *
key_params_tree(void)
{
	static const struct params_tree tree = { rows, ARRAY_LEN(rows) };

	return &tree;
}
