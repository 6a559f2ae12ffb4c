/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyd/key_params.h"

#include "ipsec/knobs.h"

#define AT(field) offsetof(struct knobs, field)
#define AT_AF(af_, f_)                                                  \
	(offsetof(struct knobs, af) + (af_) * sizeof(struct knobs_af) + \
		offsetof(struct knobs_af, f_))

/* Sorted by name: params_find() searches by halves. Names, defaults and ranges are NetBSD's. */
static const struct param rows[] = {
	{ "net.inet.ipsec.ah_cleartos", 0, 1, AT(ah_cleartos), "treat TOS as 0 in the AH ICV" },
	{ "net.inet.ipsec.ah_enable", 0, 1, AT(ah_enable), "0 drops all AH" },
	{ "net.inet.ipsec.ah_net_deflev", 1, 2, AT_AF(KNOBS_V4, ah_net_deflev),
		"level default of ah/tunnel: 1 use, 2 require" },
	{ "net.inet.ipsec.ah_offsetmask", 0, 65535, AT(ah_offsetmask),
		"mask of the fragment word in the AH ICV" },
	{ "net.inet.ipsec.ah_trans_deflev", 1, 2, AT_AF(KNOBS_V4, ah_trans_deflev),
		"level default of ah/transport: 1 use, 2 require" },
	{ "net.inet.ipsec.crypto_support", INT32_MIN, INT32_MAX, AT(crypto_support),
		"above 0 hardware first, below 0 software first, 0 what is faster" },
	{ "net.inet.ipsec.debug", 0, INT32_MAX, AT(debug), "more log lines" },
	{ "net.inet.ipsec.def_policy", 0, 1, AT_AF(KNOBS_V4, def_policy),
		"no policy matches IPv4: 0 discard, 1 none" },
	{ "net.inet.ipsec.dfbit", INT32_MIN, INT32_MAX, AT(dfbit),
		"outer DF: 0 clear, 1 set, other values copy" },
	{ "net.inet.ipsec.ecn", -1, 1, AT_AF(KNOBS_V4, ecn),
		"RFC 6040: 1 normal mode, 0 compatibility mode, -1 leave the inner header alone" },
	{ "net.inet.ipsec.enabled", 0, 2, AT(enabled),
		"0 off, 1 on once a policy exists, 2 always on" },
	{ "net.inet.ipsec.esp_enable", 0, 1, AT(esp_enable), "0 drops all ESP" },
	{ "net.inet.ipsec.esp_net_deflev", 1, 2, AT_AF(KNOBS_V4, esp_net_deflev),
		"level default of esp/tunnel: 1 use, 2 require" },
	{ "net.inet.ipsec.esp_trans_deflev", 1, 2, AT_AF(KNOBS_V4, esp_trans_deflev),
		"level default of esp/transport: 1 use, 2 require" },
	{ "net.inet.ipsec.ipcomp_enable", 0, 1, AT(ipcomp_enable), "0 drops all IPComp" },
	{ "net.inet.ipsec.ipip_spoofcheck", 0, 1, AT(ipip_spoofcheck),
		"drop decapsulated packets from one of our own addresses" },
	{ "net.inet.ipsec.test_integrity", 0, 1, AT(test_integrity), "send wrong ICVs" },
	{ "net.inet.ipsec.test_replay", 0, 1, AT(test_replay), "send the same number twice" },
	{ "net.inet6.ipsec6.ah_net_deflev", 1, 2, AT_AF(KNOBS_V6, ah_net_deflev),
		"level default of ah/tunnel: 1 use, 2 require" },
	{ "net.inet6.ipsec6.ah_trans_deflev", 1, 2, AT_AF(KNOBS_V6, ah_trans_deflev),
		"level default of ah/transport: 1 use, 2 require" },
	{ "net.inet6.ipsec6.def_policy", 0, 1, AT_AF(KNOBS_V6, def_policy),
		"no policy matches IPv6: 0 discard, 1 none" },
	{ "net.inet6.ipsec6.ecn", -1, 1, AT_AF(KNOBS_V6, ecn),
		"RFC 6040: 1 normal mode, 0 compatibility mode, -1 leave the inner header alone" },
	{ "net.inet6.ipsec6.esp_net_deflev", 1, 2, AT_AF(KNOBS_V6, esp_net_deflev),
		"level default of esp/tunnel: 1 use, 2 require" },
	{ "net.inet6.ipsec6.esp_trans_deflev", 1, 2, AT_AF(KNOBS_V6, esp_trans_deflev),
		"level default of esp/transport: 1 use, 2 require" },
	{ "net.key.prefered_oldsa", 0, 1, AT(prefer_oldsa),
		"1 uses the oldest SA of several, 0 the newest" },
};

const struct params_tree *
key_params_tree(void)
{
	static const struct params_tree tree = { rows, ARRAY_LEN(rows) };

	return &tree;
}
