/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/netstat.h"

#include <string.h>

#include "base/defs.h"
#include "snap/totals.h"

/*
 * In the order of the kernel's arrays, with the words by which scripts find them. What nothing here can raise stays 0:
 * there are no SAs without a transform, no crypto requests without a buffer, and no mbufs of that kind.
 */
static const struct netstat_counter ipsec_counters[] = {
	{ "IN_POLVIO", "input policy violations" },
	{ "OUT_POLVIO", "output policy violations" },
	{ "OUT_NOSA", "no SA found (output)" },
	{ "OUT_NOMEM", "no memory available (output)" },
	{ "OUT_NOROUTE", "no route available (output)" },
	{ "OUT_INVAL", "generic errors (output)" },
	{ "OUT_BUNDLESA", "bundled SA processed (output)" },
	{ "MBCOALESCED", "" },
	{ "CLCOALESCED", "" },
	{ "CLCOPIED", "" },
	{ "MBINSERTED", "" },
	{ "SPDCACHELOOKUP", "SPD cache lookups" },
	{ "SPDCACHEMISS", "SPD cache misses" },
	{ "INPUT_FRONT", "" },
	{ "INPUT_MIDDLE", "" },
	{ "INPUT_END", "" },
};

#define T_INPUT  "input packets processed"
#define T_OUTPUT "output packets processed"
#define T_HDROPS "headers too short"
#define T_NOPF   "headers for unsupported address family"
#define T_NOTDB  "packets with no SA"
#define T_BADKCR "packets dropped by crypto returning NULL mbuf"
#define T_AUTH   "packets with bad authentication"
#define T_NOXF   "packets with no xform"
#define T_QFULL  "packets dropped due to queue full"
#define T_WRAP   "packets dropped for replay counter wrap"
#define T_REPLAY "packets dropped for possible replay"
#define T_INVAL  "packets with an invalid SA"
#define T_TOOBIG "packets too big"
#define T_PDROPS "packets blocked due to policy"
#define T_CRYPTO "failed crypto requests"
#define T_TUNNEL "tunnel sanity check failures"
#define T_IBYTES "bytes received"
#define T_OBYTES "bytes transmitted"

static const struct netstat_counter esp_counters[] = {
	{ "HDROPS", T_HDROPS },
	{ "NOPF", T_NOPF },
	{ "NOTDB", T_NOTDB },
	{ "BADKCR", T_BADKCR },
	{ "QFULL", T_QFULL },
	{ "NOXFORM", T_NOXF },
	{ "BADILEN", "packets with bad ilen" },
	{ "WRAP", T_WRAP },
	{ "BADENC", "packets with bad encryption" },
	{ "BADAUTH", T_AUTH },
	{ "REPLAY", T_REPLAY },
	{ "INPUT", T_INPUT },
	{ "OUTPUT", T_OUTPUT },
	{ "INVALID", T_INVAL },
	{ "IBYTES", T_IBYTES },
	{ "OBYTES", T_OBYTES },
	{ "TOOBIG", T_TOOBIG },
	{ "PDROPS", T_PDROPS },
	{ "CRYPTO", T_CRYPTO },
	{ "TUNNEL", T_TUNNEL },
};
static const char *const esp_algs[] = { "*unknown*", "none", "des-cbc", "3des-cbc", "null",
	"cast128-cbc", "blowfish-cbc", "aes-cbc", "aes-ctr", "aes-gcm-8", "aes-gcm-12",
	"aes-gcm-16", "camelia-cbc", "aes-gmac", "skipjack" };

static const struct netstat_counter ah_counters[] = {
	{ "HDROPS", T_HDROPS },
	{ "NOPF", T_NOPF },
	{ "NOTDB", T_NOTDB },
	{ "BADKCR", T_BADKCR },
	{ "BADAUTH", T_AUTH },
	{ "NOXFORM", T_NOXF },
	{ "QFULL", T_QFULL },
	{ "WRAP", T_WRAP },
	{ "REPLAY", T_REPLAY },
	{ "BADAUTHL", "packets dropped for bad authenticator length" },
	{ "INPUT", T_INPUT },
	{ "OUTPUT", T_OUTPUT },
	{ "INVALID", T_INVAL },
	{ "IBYTES", T_IBYTES },
	{ "OBYTES", T_OBYTES },
	{ "TOOBIG", T_TOOBIG },
	{ "PDROPS", T_PDROPS },
	{ "CRYPTO", T_CRYPTO },
	{ "TUNNEL", T_TUNNEL },
};
static const char *const ah_algs[] = { "*unknown*", "none", "hmac-md5", "hmac-sha1",
	"hmac-sha2-256", "hmac-sha2-384", "hmac-sha2-512", "hmac-ripe-md160", "aes-xbc-mac",
	"aes-128-mac", "aes-192-mac", "aes-256-mac", "md5", "sha", "null", "tcp-md5" };

static const struct netstat_counter ipcomp_counters[] = {
	{ "HDROPS", T_HDROPS },
	{ "NOPF", T_NOPF },
	{ "NOTDB", T_NOTDB },
	{ "BADKCR", T_BADKCR },
	{ "QFULL", T_QFULL },
	{ "NOXFORM", T_NOXF },
	{ "WRAP", T_WRAP },
	{ "INPUT", T_INPUT },
	{ "OUTPUT", T_OUTPUT },
	{ "INVALID", T_INVAL },
	{ "IBYTES", T_IBYTES },
	{ "OBYTES", T_OBYTES },
	{ "TOOBIG", "packets decompressed as too big" },
	{ "MINLEN", "packets too short to be compressed" },
	{ "USELESS", "packet for which compression was useless" },
	{ "PDROPS", T_PDROPS },
	{ "CRYPTO", T_CRYPTO },
};
static const char *const ipcomp_algs[] = { "*unknown*", "none", "oui", "deflate", "lzs" };

static const struct netstat_counter ipip_counters[] = {
	{ "IPACKETS", "total input packets" },
	{ "OPACKETS", "total output packets" },
	{ "HDROPS", "packets too short for header length" },
	{ "QFULL", "packets dropped due to queue full" },
	{ "IBYTES", "input bytes" },
	{ "OBYTES", "output bytes" },
	{ "PDROPS", "packets blocked due to policy" },
	{ "SPOOF", "IP spoofing attempts" },
	{ "FAMILY", "protocol family mismatched" },
	{ "UNSPEC", "missing tunnel-endpoint address" },
};

#define VECTOR(p, c, a)                                            \
	{                                                          \
		p, ARRAY_LEN(c) + ARRAY_LEN(a), ARRAY_LEN(c), c, a \
	}

static const struct netstat_vector vectors[] = {
	[KEY_VECTOR_IPSEC] = { "ipsec", ARRAY_LEN(ipsec_counters), ARRAY_LEN(ipsec_counters),
		ipsec_counters, NULL },
	[KEY_VECTOR_AH] = VECTOR("ah", ah_counters, ah_algs),
	[KEY_VECTOR_ESP] = VECTOR("esp", esp_counters, esp_algs),
	[KEY_VECTOR_IPCOMP] = VECTOR("ipcomp", ipcomp_counters, ipcomp_algs),
	[KEY_VECTOR_IPIP] = { "ipip", ARRAY_LEN(ipip_counters), ARRAY_LEN(ipip_counters),
		ipip_counters, NULL },
};

const struct netstat_vector *
netstat_vector(enum key_vector v)
{
	return v > KEY_VECTOR_NONE && v < ARRAY_LEN(vectors) ? &vectors[v] : NULL;
}

/* A counter by its name; a protocol without that counter puts it to its malformed headers. */
static uint64_t *
find(const struct netstat_vector *v, const char *name, uint64_t *out)
{
	for (size_t i = 0; i < v->ncounter; i++) {
		if (strcmp(v->counter[i].name, name) == 0)
			return &out[i];
	}
	return out;
}

static enum totals_proto
proto_of(enum key_vector v)
{
	return v == KEY_VECTOR_AH      ? TOTALS_AH :
		v == KEY_VECTOR_ESP    ? TOTALS_ESP :
		v == KEY_VECTOR_IPCOMP ? TOTALS_IPCOMP :
					 TOTALS_PROTO_MAX;
}

/*
 * Drops for a reason that belong to a vector. The reasons of what AH, ESP and IPComp share are named after ESP's
 * counter; lanes tell apart which protocol it was.
 */
static uint64_t
drops_of(const struct stats_env *e, enum key_vector v, enum drop_reason r)
{
	const char *dot = strchr(drop_netbsd(r), '.');
	const size_t len = dot != NULL ? (size_t)(dot - drop_netbsd(r)) : 0;
	const uint64_t ah = stats_drops_by(e, DROP_BY_AH, r);
	const uint64_t ipcomp = stats_drops_by(e, DROP_BY_IPCOMP, r);
	uint64_t n = 0;

	if (len == strlen(vectors[v].proto) && strncmp(drop_netbsd(r), vectors[v].proto, len) == 0)
		n = stats_drops(e, r) - ah - ipcomp;
	if (v == KEY_VECTOR_AH)
		n += ah;
	if (v == KEY_VECTOR_IPCOMP)
		n += ipcomp;
	return n;
}

static void
add_drops(const struct stats_env *e, enum key_vector v, uint64_t *out)
{
	uint64_t inbound = 0;

	for (unsigned int i = 0; i < DROP_MAX; i++) {
		const enum drop_reason r = (enum drop_reason)i;
		const uint64_t n = drops_of(e, v, r);

		if (n == 0)
			continue;
		*find(&vectors[v], strchr(drop_netbsd(r), '.') + 1, out) += n;
		inbound += strncmp(drop_name(r), "sec.", 4) == 0 ? n : 0;
	}
	/* The kernel counts what arrives, before it knows what will become of it. */
	if (proto_of(v) != TOTALS_PROTO_MAX)
		*find(&vectors[v], "INPUT", out) += inbound;
}

static struct totals
all_totals(const struct stats_env *e)
{
	struct totals t = *snap_retired(e->snap);
	struct sa *sa;

	TAILQ_FOREACH (sa, &e->keyd->sad.all, link)
		totals_add(&t, sa, e->nworkers);
	/* Deleted, but packets of theirs may still be on their way. */
	snap_add_dying(e->snap, &t);
	return t;
}

static void
add_totals(const struct stats_env *e, enum key_vector v, uint64_t *out)
{
	const struct netstat_vector *vec = &vectors[v];
	const enum totals_proto p = proto_of(v);
	const struct totals t = all_totals(e);

	if (v == KEY_VECTOR_IPIP) {
		*find(vec, "IPACKETS", out) = t.tunnel_in.pkts;
		*find(vec, "IBYTES", out) = t.tunnel_in.bytes;
		*find(vec, "OPACKETS", out) = t.tunnel_out.pkts;
		*find(vec, "OBYTES", out) = t.tunnel_out.bytes;
	}
	if (p == TOTALS_PROTO_MAX)
		return;
	*find(vec, "INPUT", out) += t.in[p].pkts;
	*find(vec, "IBYTES", out) += t.in[p].bytes;
	*find(vec, "OUTPUT", out) += t.out[p].pkts;
	*find(vec, "OBYTES", out) += t.out[p].bytes;
	for (size_t i = vec->ncounter; i < vec->n; i++)
		out[i] = t.hist[p][i - vec->ncounter];
}

static uint64_t
load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void
add_rows(const struct stats_env *e, enum key_vector v, uint64_t *out)
{
	const struct netstat_vector *vec = &vectors[v];

	for (unsigned int i = 0; i < e->nworkers; i++) {
		if (v == KEY_VECTOR_IPSEC) {
			*find(vec, "OUT_BUNDLESA", out) += load(&e->lanes[i]->bundles);
			*find(vec, "SPDCACHELOOKUP", out) +=
				load(&e->rows[i]->stage[STAGE_FLOW].pkts);
			*find(vec, "SPDCACHEMISS", out) +=
				load(&e->rows[i]->stage[STAGE_POLICY].pkts);
		} else if (v == KEY_VECTOR_IPCOMP) {
			*find(vec, "MINLEN", out) += load(&e->lanes[i]->comp_short);
			*find(vec, "USELESS", out) += load(&e->lanes[i]->comp_useless);
		}
	}
}

void
netstat_read(const struct stats_env *e, enum key_vector v, uint64_t out[NETSTAT_MAX])
{
	memset(out, 0, NETSTAT_MAX * sizeof(*out));
	if (netstat_vector(v) == NULL)
		return;
	add_drops(e, v, out);
	add_totals(e, v, out);
	add_rows(e, v, out);
}

static void
append(json_t *list, const char *name, const char *text, uint64_t n)
{
	(void)json_array_append_new(list,
		json_pack("{s:s, s:s, s:I}", "name", name, "text", text, "value", (json_int_t)n));
}

json_t *
netstat_json(const struct stats_env *e)
{
	json_t *o = json_object();

	for (unsigned int k = KEY_VECTOR_NONE + 1; k < ARRAY_LEN(vectors); k++) {
		const struct netstat_vector *v = &vectors[k];
		json_t *counters = json_array();
		json_t *hist = json_array();
		uint64_t n[NETSTAT_MAX];

		netstat_read(e, (enum key_vector)k, n);
		for (size_t i = 0; i < v->ncounter; i++)
			append(counters, v->counter[i].name, v->counter[i].text, n[i]);
		for (size_t i = v->ncounter; i < v->n; i++)
			append(hist, v->alg[i - v->ncounter], "", n[i]);
		(void)json_object_set_new(o, v->proto,
			json_pack("{s:o, s:o}", "counters", counters, "histogram", hist));
	}
	return o;
}
