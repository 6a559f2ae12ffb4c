/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our AH as a filter, for builders and openers in other languages. Lines of
 *
 *   seal|open transport|tunnel|any SEQ AUTH KEY SRC DST SPI FLAGS PACKET
 *
 * with SEQ the last number used (seal) or seen (open), key and packet in hexadecimal, FLAGS words
 * separated by commas: align8, old, esn, cleartos=N, offsetmask=N. Each is answered by a line: the
 * packet, or "drop" and the reason's name. The line "algorithms" is answered by what the engine offers.
 * Argument: the engine's name.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "diff/tool.h"
#include "dp/ah_peer.h"
#include "dp/eal.h"
#include "dp/engine.h"

enum word { W_VERB, W_MODE, W_SEQ, W_AUTH, W_KEY, W_SRC, W_DST, W_SPI, W_FLAGS, W_PACKET };

static void
set_flags(struct sa_spec *spec, const char *words)
{
	const char *value = strstr(words, "cleartos=");

	knobs = (struct knobs)KNOBS_INIT;
	if (value != NULL)
		knobs.ah_cleartos = (int32_t)strtol(value + 9, NULL, 0);
	value = strstr(words, "offsetmask=");
	if (value != NULL)
		knobs.ah_offsetmask = (int32_t)strtol(value + 11, NULL, 0);
	spec->flags |= strstr(words, "align8") != NULL ? SA_F_ALIGN8 : 0;
	spec->flags |= strstr(words, "old") != NULL ? SA_F_OLD : 0;
	spec->flags |= strstr(words, "esn") != NULL ? SA_F_ESN : 0;
}

static struct sa_spec
parse_spec(char **w)
{
	struct sa_spec spec = ah_spec(w[W_AUTH], AF_INET, 0);

	if (spec.auth == NULL)
		die("no such algorithm");
	spec.authkey.len = (uint16_t)unhex(w[W_KEY], spec.authkey.b, SECRET_MAX);
	spec.idx.src = test_ip(w[W_SRC]);
	spec.idx.dst = test_ip(w[W_DST]);
	spec.idx.mode = MODE_ANY;
	if (strcmp(w[W_MODE], "any") != 0)
		spec.idx.mode = strcmp(w[W_MODE], "tunnel") == 0 ? MODE_TUNNEL : MODE_TRANSPORT;
	spec.spi = (uint32_t)strtoul(w[W_SPI], NULL, 0);
	set_flags(&spec, w[W_FLAGS]);
	if (spec.flags & SA_F_OLD)
		spec.window_pkts = 0;
	return spec;
}

static void
answer(struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l3_off);
	const unsigned int len = m->pkt_len - pkt_meta(m)->l3_off;

	for (unsigned int i = 0; i < len; i++)
		(void)printf("%02x", p[i]);
	(void)printf("\n");
}

static void
process(char **w)
{
	const struct sa_spec spec = parse_spec(w);
	const uint64_t seq = strtoull(w[W_SEQ], NULL, 0);
	uint8_t pkt[TEXT_MAX / 2];
	unsigned int len = unhex(w[W_PACKET], pkt, sizeof(pkt));
	struct rte_mbuf *m;
	struct sa_rt *sa = ah_open(&spec);
	uint16_t n;

	atomic_store(&sa->seq, seq);
	if (sa->rp != NULL)
		sa->rp->top = seq;
	m = ah_pkt(sa, pkt, len);
	n = strcmp(w[W_VERB], "seal") == 0 ? ah_out(&m, 1) : ah_in(&m, 1);
	if (n == 1) {
		answer(m);
		rte_pktmbuf_free(m);
	}
	for (unsigned int r = 0; n == 0 && r < DROP_MAX; r++) {
		if (lane->drop[r] > 0)
			(void)printf("drop %s\n", drop_name(r));
	}
	ah_close(sa);
}

static void
list_algorithms(void)
{
	const struct alg *a;

	for (size_t i = 0; (a = alg_row(i)) != NULL; i++) {
		if (a->kind == ALG_AUTH && crypto_offers(crypto, NULL, a))
			(void)printf("%s ", a->name);
	}
	(void)printf("\n");
}

static void
each_line(void)
{
	static char line[TEXT_MAX];
	char *w[WORDS], *save;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		w[0] = strtok_r(line, " \n", &save);
		for (unsigned int i = 1; i < WORDS; i++)
			w[i] = strtok_r(NULL, " \n", &save);
		if (w[0] != NULL && strcmp(w[0], "algorithms") == 0)
			list_algorithms();
		else if (w[WORDS - 1] != NULL)
			process(w);
		else
			die("line too short");
		(void)fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	const struct engine *e = NULL;

	for (unsigned int i = 0; argc == 2 && i < ENGINES; i++) {
		if (strcmp(argv[1], engines[i].name) == 0)
			e = &engines[i];
	}
	if (e == NULL)
		die("usage: ah_tool ENGINE");
	ah_start(e);
	each_line();
	ah_stop();
	return rte_eal_cleanup() != 0;
}
