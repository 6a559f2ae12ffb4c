/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our ESP as a filter, for builders and openers in other languages. Lines of
 *
 *   seal|open ENC AUTH KEY AUTHKEY OUTER FORM ESN SEQ PACKET
 *
 * with "-" for nothing, OUTER 4 or 6, FORM tunnel, transport, any, or one of these with "+udp" behind
 * it for UDP encapsulation from port 4500 to 4500 ("any" seals in transport mode), SEQ the last number used (seal) or seen (open), keys and packets
 * in hexadecimal. Each is answered by a line: the packet, "drop" and the reason's name, or "unsupported"
 * when this engine does not have the algorithms. The SA is
 * the one of esp_peer.h. Argument: the engine's name.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include <cmocka.h>

#include "diff/tool.h"
#include "dp/engine.h"
#include "dp/esp_peer.h"
#include "wire/ip.h"

enum word { W_VERB, W_ENC, W_AUTH, W_KEY, W_AUTHKEY, W_OUTER, W_FORM, W_ESN, W_SEQ, W_PACKET };

static void
set_form(struct sa_spec *spec, const char *form)
{
	spec->idx.mode = MODE_TUNNEL;
	if (strncmp(form, "transport", 9) == 0)
		spec->idx.mode = MODE_TRANSPORT;
	else if (strncmp(form, "any", 3) == 0)
		spec->idx.mode = MODE_ANY;
	else if (strncmp(form, "tunnel", 6) != 0)
		die("no such form");
	if (strstr(form, "+udp") != NULL) {
		spec->natt.type = 2;
		spec->idx.src.port_be = spec->idx.dst.port_be = htons(4500);
	}
}

/* What the data path does with a received packet: find ESP, behind UDP if it is there. */
static void
find_esp(struct rte_mbuf *m, unsigned int len)
{
	struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	struct ip6_upper upper = { .off = (uint16_t)((ip[0] & 15u) * 4u), .proto = ip[9] };

	if (meta->af == AF_INET6 && ip6_find_upper(ip, len, &upper) != 0)
		die("bad extension headers");
	if (upper.proto == IPPROTO_UDP) {
		upper.off += 8;
		meta->flags |= PKT_F_UDP;
	}
	meta->l4_off = (uint16_t)(meta->l3_off + upper.off);
	meta->l4_len = (uint16_t)(len - upper.off);
	meta->l4_proto = IPPROTO_ESP;
}

/* @return false when the engine does not have the algorithms */
static bool
open_peer(struct peer *p, char **w)
{
	const char *auth = strcmp(w[W_AUTH], "-") == 0 ? NULL : w[W_AUTH];
	const struct suite suite = { w[W_ENC], auth, 0, 0 };
	struct err err = { 0 };
	int rc;

	p->spec = make_spec(
		&suite, strcmp(w[W_OUTER], "6") == 0 ? AF_INET6 : AF_INET, w[W_ESN][0] == '1');
	if (p->spec.enc == NULL || (auth != NULL && p->spec.auth == NULL))
		die("no such algorithm");
	set_form(&p->spec, w[W_FORM]);
	p->spec.enckey.len = (uint16_t)unhex(w[W_KEY], p->spec.enckey.b, SECRET_MAX);
	p->spec.authkey.len = (uint16_t)unhex(w[W_AUTHKEY], p->spec.authkey.b, SECRET_MAX);
	p->sa = rte_zmalloc("sa", sizeof(*p->sa) + sizeof(struct sa_lc), RTE_CACHE_LINE_SIZE);
	if (p->sa == NULL || xform_esp.sa_init(p->sa, &p->spec, &knobs, &err) != 0)
		die(err.text);
	rc = crypto_sa_open(crypto, p->sa, &p->spec, 0, &err);
	if (rc == -EOPNOTSUPP) {
		xform_esp.sa_fini(p->sa);
		rte_free(p->sa);
		return false;
	}
	if (rc != 0)
		die(err.text);
	atomic_store(&p->sa->state, SA_MATURE);
	atomic_store(&p->sa->seq, strtoull(w[W_SEQ], NULL, 0));
	if (p->sa->rp != NULL)
		p->sa->rp->top = strtoull(w[W_SEQ], NULL, 0);
	memset(lane->drop, 0, sizeof(lane->drop));
	return true;
}

static void
answer(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	for (unsigned int i = 0; i < m->pkt_len; i++)
		(void)printf("%02x", p[i]);
	(void)printf("\n");
}

static void
process(char **w)
{
	uint8_t pkt[TEXT_MAX / 2];
	unsigned int len = unhex(w[W_PACKET], pkt, sizeof(pkt));
	struct rte_mbuf *m;
	struct peer peer;
	uint16_t n;

	if (len < 20 || len > 1500)
		die("packet too short or too long");
	if (!open_peer(&peer, w)) {
		(void)printf("unsupported\n");
		(void)fflush(stdout);
		return;
	}
	m = wrap(&peer, pkt, len, pkt[0] >> 4 == 6 ? AF_INET6 : AF_INET);
	if (strcmp(w[W_VERB], "seal") == 0) {
		if (peer.spec.idx.mode != MODE_TUNNEL)
			pkt_meta(m)->flags |= PKT_F_TRANSPORT;
		n = out_burst(&m, 1);
	} else {
		find_esp(m, len);
		n = in_burst(&m, 1);
	}
	if (n == 1) {
		answer(m);
		rte_pktmbuf_free(m);
	}
	for (unsigned int r = 0; n == 0 && r < DROP_MAX; r++) {
		if (lane->drop[r] > 0)
			(void)printf("drop %s\n", drop_name(r));
	}
	(void)fflush(stdout);
	peer_close(&peer);
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
		if (w[WORDS - 1] == NULL)
			die("line too short");
		process(w);
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
		die("usage: esp_tool ENGINE");
	knobs = (struct knobs)KNOBS_INIT;
	engine_eal();
	pool = pkt_pool_create("tool", 63, BUF_SIZE + RTE_PKTMBUF_HEADROOM, 0);
	lane = rte_zmalloc("lane", sizeof(*lane), RTE_CACHE_LINE_SIZE);
	if (pool == NULL || lane == NULL)
		die("no memory");
	lane->knobs = &knobs;
	crypto = engine_open(e, lane);
	each_line();
	engine_close(crypto, lane);
	rte_free(lane);
	rte_mempool_free(pool);
	return rte_eal_cleanup() != 0;
}
