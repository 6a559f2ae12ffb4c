/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole gateway data path as a filter, for peers in other languages. Commands, one a line:
 *
 *   open ADDR/LEN [ADDR/LEN]     start anew; the WAN port (no. 1) has these addresses, the LAN port none;
 *                                legacy algorithms are allowed. Without addresses: those of gw.h
 *   neighbour ADDR PORT          is reachable there, at 02:00:00:00:09:LAST-BYTE
 *   route PREFIX ADDR PORT       by way of that neighbour
 *   setkey TEXT                  commands of setkey(8), put in force
 *   seq SPI LAST                 the SA has used and seen numbers up to LAST (64 bits)
 *   rx PORT FRAME                a frame arrives; all work is done until nothing is left to do
 *
 * Frames are hexadecimal. Each command is answered by lines "tx PORT FRAME", "punt FRAME" (for the
 * gateway itself), "drop REASON" or "error TEXT", and by a line ".". Argument: "direct", or the name of
 * a crypto device.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include <cmocka.h>

#include "base/hex.h"
#include "ctl/keyload.h"
#include "dp/eal.h"
#include "dp/gw.h"
#include "pkt/sa_rt.h"
#include "setkey/setkey.h"

#define LINE_MAX_LEN 65536u
#define FRAME_MAX    2000u
#define WORDS        4u

static struct gw gw;
static bool is_open;
static enum crypto_engine engine = CRYPTO_DIRECT;
static const char *devices[2];
static uint64_t seen[DROP_MAX]; /* drops already told */

static void
die(const char *what)
{
	(void)fprintf(stderr, "gw_tool: %s\n", what);
	exit(1);
}

static unsigned int
port_of(const char *word)
{
	if (word == NULL || (strcmp(word, "0") != 0 && strcmp(word, "1") != 0))
		die("a port is 0 or 1");
	return (unsigned int)(word[0] - '0');
}

static const char *
need(const char *word)
{
	if (word == NULL)
		die("a word is missing");
	return word;
}

static void
close_gateway(void)
{
	if (is_open)
		gw_close(&gw);
	is_open = false;
}

/* The fixture's own addresses have their routes already; only the new ones are added. */
static void
do_open(char **w)
{
	struct iface *wan = &gw.ports.iface[GW_WAN];
	struct err err = { 0 };

	close_gateway();
	gw_open(&gw, engine, devices[0] != NULL ? devices : NULL);
	is_open = true;
	snap_knobs(gw.snap)->allow_legacy = 1;
	memset(seen, 0, sizeof(seen));
	if (w[0] == NULL)
		return;
	gw.ports.iface[GW_LAN].naddr = gw.ports.iface[GW_TAG].naddr = wan->naddr = 0;
	for (unsigned int i = 0; i < 2 && w[i] != NULL; i++)
		wan->addr[wan->naddr++] = test_ip(w[i]);
	if (snap_add_connected(gw.snap, &err) != 0)
		die(err.text);
	gw_commit(&gw);
}

static void
do_neighbour(char **w)
{
	const struct addr a = test_ip(need(w[0]));
	const uint8_t last = a.b[a.af == AF_INET ? 3 : 15];
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, last } };

	snap_nbr_set(gw.snap, snap_nbr_get(gw.snap, &a, (uint8_t)port_of(w[1])), &mac);
	gw_commit(&gw);
}

static void
do_route(char **w)
{
	const struct addr to = test_ip(need(w[0])), via = test_ip(need(w[1]));
	struct err err = { 0 };

	if (snap_route_add(gw.snap, &to, &via, (uint8_t)port_of(w[2]), &err) != 0)
		die(err.text);
	gw_commit(&gw);
}

static void
do_setkey(const char *text)
{
	struct setkey_err err = { 0 };

	if (setkey_parse(text, strlen(text), keyload_run, &gw.kd, &err) != 0)
		(void)printf("error %u:%u: %s\n", err.line, err.col, err.err.text);
	gw_commit(&gw);
}

static void
do_seq(char **w)
{
	const uint32_t spi = (uint32_t)strtoul(need(w[0]), NULL, 0);
	const uint64_t last = strtoull(need(w[1]), NULL, 0);
	const struct sa *sa;

	TAILQ_FOREACH (sa, &gw.kd.sad.all, link) {
		struct sa_rt *rt = sa->rt;

		if (sa->spec.spi != spi)
			continue;
		atomic_store(&rt->seq, last);
		if (rt->rp != NULL)
			rt->rp->top = last;
	}
}

static void
tell(const char *what, struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->nb_segs != 1)
		die("a packet in several pieces");
	(void)printf("%s ", what);
	for (unsigned int i = 0; i < m->pkt_len; i++)
		(void)printf("%02x", p[i]);
	(void)printf("\n");
	rte_pktmbuf_free(m);
}

static void
tell_all(void)
{
	struct rte_mbuf *m;

	while ((m = gw_tx(&gw, 0)) != NULL)
		tell("tx 0", m);
	while ((m = gw_tx(&gw, 1)) != NULL)
		tell("tx 1", m);
	while ((m = gw_punted(&gw)) != NULL)
		tell("punt", m);
	for (unsigned int r = 0; r < DROP_MAX; r++) {
		const uint64_t n = gw_drops(&gw, (enum drop_reason)r);

		for (; seen[r] < n; seen[r]++)
			(void)printf("drop %s\n", drop_name((enum drop_reason)r));
	}
}

static void
do_rx(char **w)
{
	static uint8_t frame[FRAME_MAX];
	const char *digits = need(w[1]);
	const int n = hex_decode(digits, strlen(digits), frame, sizeof(frame));

	if (n < 14)
		die("a frame has 14 to 2000 bytes, in hexadecimal");
	gw_rx(&gw, port_of(w[0]), frame, (unsigned int)n);
	gw_settle(&gw);
	while (gw_step(&gw) > 0)
		gw_settle(&gw);
	tell_all();
}

static void
command(char *line)
{
	static const struct {
		const char *verb;
		void (*run)(char **w);
	} verbs[] = {
		{ "neighbour", do_neighbour },
		{ "route", do_route },
		{ "seq", do_seq },
		{ "rx", do_rx },
	};
	char *w[WORDS] = { NULL }, *save = NULL;
	const char *verb = need(strtok_r(line, " \n", &save));

	if (strcmp(verb, "setkey") == 0 && is_open) {
		do_setkey(save);
		return;
	}
	for (unsigned int i = 0; i < WORDS; i++)
		w[i] = strtok_r(NULL, " \n", &save);
	if (strcmp(verb, "open") == 0) {
		do_open(w);
		return;
	}
	for (unsigned int i = 0; i < RTE_DIM(verbs); i++) {
		if (is_open && strcmp(verb, verbs[i].verb) == 0) {
			verbs[i].run(w);
			return;
		}
	}
	die("no such command, or no gateway is open");
}

int
main(int argc, char **argv)
{
	static char line[LINE_MAX_LEN];

	if (argc != 2)
		die("usage: gw_tool direct|DEVICE");
	if (strcmp(argv[1], "direct") != 0) {
		engine = CRYPTO_LOOKASIDE;
		devices[0] = argv[1];
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		command(line);
		(void)printf(".\n");
		(void)fflush(stdout);
	}
	close_gateway();
	return rte_eal_cleanup() != 0;
}
