/* SPDX-License-Identifier: BSD-2-Clause */
/* Reassembly of fragments to us: every order, copies, contradictions, limits, time; and a naive model. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <rte_cycles.h>

#include <cmocka.h>

#include "dp/drop_claims.h"
#include "dp/frag_case.h"
#include "support/rng.h"

static void
frag_pieces_make_the_whole_in_every_order(void **state)
{
	static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
		{ 2, 0, 1 }, { 2, 1, 0 } };
	static const struct cut cuts[3] = { { 0, 1000 }, { 1000, 1000 }, { 2000, 777 } };

	(void)state;
	for (unsigned int k = 0; k < 12; k++) {
		const struct whole *x = frag_whole(k >= 6, 2777, (uint16_t)k);

		for (unsigned int i = 0; i < 3; i++)
			frag_send(x, cuts[orders[k % 6][i]]);
		frag_expect(x);
	}
	assert_int_equal(gw_all_drops(&gw), 0);
}

/* Larger than an ordinary buffer, up to all that IP allows. */
static void
frag_large_packets_get_a_large_buffer(void **state)
{
	static const unsigned int sizes[] = { 4008, 9000, 60000, 65200 };

	(void)state;
	for (unsigned int k = 0; k < 2 * ARRAY_LEN(sizes); k++) {
		const unsigned int size = sizes[k / 2];
		const struct whole *x = frag_whole((k & 1) != 0, size, (uint16_t)k);

		for (unsigned int off = 0; off < size; off += 1400)
			frag_send(x, (struct cut){ off, RTE_MIN(1400u, size - off) });
		frag_expect(x);
	}
	assert_int_equal(gw_all_drops(&gw), 0);
}

static void
frag_copies_are_left_out(void **state)
{
	const struct whole *x = frag_whole(false, 100, 1);

	(void)state;
	frag_send(x, (struct cut){ 0, 48 });
	frag_send(x, (struct cut){ 0, 48 });
	case_dropped_once(DROP_FRAG_DUP);
	frag_send(x, (struct cut){ 48, 52 });
	frag_expect(x);
}

/* RFC 5722: nothing of such a packet is believed, neither what came before nor what comes after. */
static void
frag_overlap_condemns_the_packet(void **state)
{
	static const struct cut bad[] = { { 40, 48 }, { 48, 8 }, { 40, 24 }, { 56, 16 } };

	(void)state;
	for (unsigned int k = 0; k < 2 * ARRAY_LEN(bad); k++) {
		const struct whole *x = frag_whole((k & 1) != 0, 120, (uint16_t)k);
		const uint64_t before = gw_drops(&gw, DROP_FRAG_OVERLAP);

		frag_send(x, (struct cut){ 48, 24 });
		frag_send(x, bad[k / 2]);
		assert_int_equal(gw_drops(&gw, DROP_FRAG_OVERLAP), before + 2);
		frag_send(x, (struct cut){ 0, 48 });
		frag_send(x, (struct cut){ 48, 24 });
		frag_send(x, (struct cut){ 72, 48 });
		assert_int_equal(gw_drops(&gw, DROP_FRAG_OVERLAP), before + 5);
		assert_null(gw_punted(&gw));
	}
	assert_int_equal(gw_all_drops(&gw), gw_drops(&gw, DROP_FRAG_OVERLAP));
}

/* A fragment inside a fragment that is its own whole (RFC 6946). */
static void
frag_overlap_of_two_fragment_headers(void **state)
{
	struct whole *x = frag_whole(true, 100, 1);

	(void)state;
	frag_send(x, (struct cut){ 0, 100 });
	frag_expect(x);
	x->proto = IPPROTO_FRAGMENT;
	frag_send(x, (struct cut){ 0, 100 });
	case_dropped_once(DROP_FRAG_OVERLAP);
}

/* RFC 3168 5.3 */
static void
frag_congestion_marks_the_whole(void **state)
{
	struct whole *x = frag_whole(false, 100, 1);
	struct rte_mbuf *m;

	(void)state;
	x->tos = 2;
	frag_send(x, (struct cut){ 0, 48 });
	x->tos = 3;
	frag_send(x, (struct cut){ 48, 52 });
	m = gw_punted(&gw);
	assert_non_null(m);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[15], 3);
	rte_pktmbuf_free(m);
	x->tos = 0;
	frag_send(x, (struct cut){ 0, 48 });
	x->tos = 3;
	frag_send(x, (struct cut){ 48, 52 });
	assert_int_equal(gw_drops(&gw, DROP_FRAG_OVERLAP), 2);
}

/* Neither side of IPsec is completed by the other, nor one peer's packet by another's. */
static void
frag_protected_and_clear_do_not_mix(void **state)
{
	const struct whole *x = frag_whole(false, 100, 1);
	struct gw_esp e = { .seq = 1 };

	(void)state;
	gw_setkey(&gw, CASE_SA_IN);
	frag_send(x, (struct cut){ 0, 48 });
	e.inner = case_frame + 14;
	e.inner_len = frag_build(x, (struct cut){ 48, 52 }, case_frame) - 14;
	{
		static uint8_t inner[CASE_FRAME_MAX];

		memcpy(inner, case_frame + 14, e.inner_len);
		e.inner = inner;
		case_send_esp(&e);
	}
	assert_null(gw_punted(&gw));
	frag_send(x, (struct cut){ 48, 52 });
	frag_expect(x);
	assert_int_equal(gw_all_drops(&gw), 0);
}

static void
frag_timeout_by_the_clock(void **state)
{
	const struct whole *x = frag_whole(false, 100, 1);
	const uint64_t wait = 15 * rte_get_tsc_hz();

	(void)state;
	frag_send(x, (struct cut){ 0, 48 });
	gw.now += wait - 10;
	(void)gw_step(&gw);
	assert_int_equal(gw_all_drops(&gw), 0);
	gw.now += 20;
	(void)gw_step(&gw);
	case_dropped_once(DROP_FRAG_TIMEOUT);
	frag_send(x, (struct cut){ 48, 52 });
	assert_null(gw_punted(&gw));
}

static void
frag_limit_of_one_source_spares_others(void **state)
{
	const struct whole *x = NULL;

	(void)state;
	for (uint16_t id = 0; id < 16; id++)
		frag_send(frag_whole(false, 100, id), (struct cut){ 0, 48 });
	assert_int_equal(gw_all_drops(&gw), 0);
	frag_send(frag_whole(false, 100, 16), (struct cut){ 0, 48 });
	case_dropped_once(DROP_FRAG_LIMIT);
	x = frag_whole(true, 100, 1);
	frag_send(x, (struct cut){ 0, 48 });
	frag_send(x, (struct cut){ 48, 52 });
	frag_expect(x);
	x = frag_whole(false, 100, 3);
	frag_send(x, (struct cut){ 48, 52 });
	frag_expect(x);
}

/* A flood from everywhere displaces the oldest; who comes next is still served. */
static void
frag_flood_is_bounded(void **state)
{
	const struct whole *x;

	(void)state;
	for (unsigned int i = 0; i < 4 * GW_FRAGS; i++) {
		struct whole *y = frag_whole(false, 100, 1);

		y->src[2] = (uint8_t)(i >> 8);
		y->src[3] = (uint8_t)(i + 2);
		frag_send(y, (struct cut){ 0, 48 });
	}
	assert_int_equal(gw_drops(&gw, DROP_FRAG_LIMIT), 3 * GW_FRAGS);
	assert_int_equal(gw_all_drops(&gw), 3 * GW_FRAGS);
	x = frag_whole(true, 100, 1);
	frag_send(x, (struct cut){ 0, 48 });
	frag_send(x, (struct cut){ 48, 52 });
	frag_expect(x);
}

/* Buffers of the compression engine, and those of large packets, are few: no flood may keep them. */
static void
frag_other_pools_are_not_emptied(void **state)
{
	struct rte_mempool *other = pkt_pool_create("other", 255, 2048, 0);
	unsigned int n = 0;

	(void)state;
	assert_non_null(other);
	for (uint16_t id = 1; id <= 3; id++) {
		const struct whole *x = frag_whole(false, 60 * 8, id);

		for (unsigned int off = 8; off < x->len; off += 8, n++) {
			struct rte_mbuf *m = rte_pktmbuf_alloc(other);
			const struct cut c = { off, 8 };
			const unsigned int len = frag_build(x, c, case_frame);

			assert_non_null(m);
			memcpy(rte_pktmbuf_append(m, (uint16_t)len), case_frame, len);
			assert_int_equal(rte_ring_enqueue(gw.rx[x->port], m), 0);
			(void)gw_step(&gw);
		}
	}
	assert_int_equal(rte_mempool_in_use_count(other), 64);
	assert_int_equal(gw_drops(&gw, DROP_FRAG_LIMIT), n - 64);
	/* They come back by the clock, and then there is room again. */
	gw.now += 200 * rte_get_tsc_hz();
	(void)gw_step(&gw);
	assert_int_equal(rte_mempool_in_use_count(other), 0);
	rte_mempool_free(other);
}

static void
frag_too_many_pieces_are_refused(void **state)
{
	const struct whole *x = frag_whole(false, 2000, 1);

	(void)state;
	for (unsigned int i = 0; i < 65; i++)
		frag_send(x, (struct cut){ i * 8, 8 });
	assert_int_equal(gw_drops(&gw, DROP_FRAG_LIMIT), 65);
	assert_int_equal(gw_all_drops(&gw), 65);
}

static void
frag_tiny_first_is_refused(void **state)
{
	struct whole *x = frag_whole(false, 100, 1);

	(void)state;
	frag_send(x, (struct cut){ 0, 4 });
	case_dropped_once(DROP_FRAG_TINY);
}

/* RFC 7112: the header chain ends in the first fragment. */
static void
frag_tiny_first6_hides_its_upper_layer(void **state)
{
	struct whole *x = frag_whole(true, 100, 1);

	(void)state;
	x->proto = IPPROTO_DSTOPTS;
	x->data[0] = IPPROTO_UDP;
	x->data[1] = 2;
	frag_send(x, (struct cut){ 0, 24 });
	case_dropped_once(DROP_FRAG_TINY);
}

static void
frag_size_must_be_eights(void **state)
{
	(void)state;
	frag_send(frag_whole(false, 100, 1), (struct cut){ 0, 50 });
	case_dropped_once(DROP_FRAG_SIZE);
}

static void
frag_size_must_not_be_zero(void **state)
{
	(void)state;
	frag_send(frag_whole(true, 100, 1), (struct cut){ 48, 0 });
	case_dropped_once(DROP_FRAG_SIZE);
}

static void
frag_too_big_beyond_what_ip_has(void **state)
{
	(void)state;
	frag_send(frag_whole(false, 65500, 1), (struct cut){ 65528, 16 });
	case_dropped_once(DROP_FRAG_TOO_BIG);
}

/* ESP in fragments: the whole is opened, and an inner packet larger than a buffer is sent on in pieces. */
static void
frag_esp_is_opened_after_reassembly(void **state)
{
	static uint8_t sealed[CASE_FRAME_MAX];
	const uint8_t *ip;
	struct gw_esp e = { .spi = 0x1002, .seq = 1, .key = CASE_KEY_IN };
	struct whole *x;
	unsigned int len;

	(void)state;
	gw_setkey(&gw, CASE_SA_IN CASE_POLICY_IN);
	e.inner_len = case_inner(&ip, false, 1400);
	e.inner = ip;
	len = gw_seal(&gw, &e, sealed) - 34;
	x = frag_whole(false, len, 1);
	x->port = GW_WAN;
	memcpy(x->src, sealed + 26, 4);
	memcpy(x->dst, sealed + 30, 4);
	x->proto = IPPROTO_ESP;
	memcpy(x->data, sealed + 34, len);
	frag_send(x, (struct cut){ 800, len - 800 });
	frag_send(x, (struct cut){ 0, 800 });
	case_sent_once(GW_LAN, 1414);
}

/* ---- against a model ---- */

#define MODEL_LEN 400u

/* Bytes, each with who wrote it: all that RFC 5722 and the list above say, with no cleverness. */
struct naive {
	uint8_t seen[MODEL_LEN + 200];
	struct cut got[200];
	unsigned int ngot, end;
	bool refused;
};

static bool
naive_add(struct naive *n, struct cut c, bool last)
{
	const unsigned int stop = c.off + c.len;
	unsigned int reach = 0;

	for (unsigned int i = 0; i < n->ngot; i++) {
		if (n->got[i].off == c.off && n->got[i].len == c.len && !n->refused &&
			(n->end == stop) == last)
			return false; /* a copy */
		reach = RTE_MAX(reach, n->got[i].off + n->got[i].len);
	}
	if ((n->end != 0 && (last ? stop != n->end : stop > n->end)) || (last && stop < reach))
		n->refused = true;
	for (unsigned int i = c.off; i < stop; i++) {
		if (n->seen[i])
			n->refused = true;
		n->seen[i] = 1;
	}
	n->got[n->ngot++] = c;
	if (last && n->end == 0)
		n->end = stop;
	if (n->refused || n->end == 0)
		return false;
	for (unsigned int i = 0; i < n->end; i++) {
		if (!n->seen[i])
			return false;
	}
	return true;
}

static struct cut
random_cut(uint64_t *rng, bool sane)
{
	const unsigned int grid = 80;
	struct cut c = { rng_next(rng) % 5 * grid, grid };

	if (!sane && rng_next(rng) % 8 == 0)
		c.off += 8;
	if (!sane && rng_next(rng) % 8 == 0)
		c.len += 8;
	if (c.off + c.len > MODEL_LEN)
		c.len = MODEL_LEN - c.off;
	return c;
}

static void
frag_random_pieces_as_the_model_says(void **state)
{
	uint64_t rng = rng_seed("frag");
	unsigned int wholes = 0, refused = 0;

	(void)state;
	for (unsigned int round = 0; round < 2000; round++) {
		const bool sane = rng_next(&rng) % 2 == 0;
		struct whole *x = frag_whole((rng_next(&rng) & 1) != 0, MODEL_LEN, (uint16_t)round);
		struct naive n = { .ngot = 0 };
		bool done = false;

		for (unsigned int k = 0; k < 30 && !done; k++) {
			const struct cut c = random_cut(&rng, sane);

			done = naive_add(&n, c, c.off + c.len == MODEL_LEN);
			frag_send(x, c);
			if (done)
				frag_expect(x);
			else
				assert_null(gw_punted(&gw));
		}
		wholes += done;
		refused += n.refused;
		if (!done) /* so that the source's limit does not count them */
			gw.now += 16 * rte_get_tsc_hz();
	}
	assert_true(wholes > 200 && refused > 200);
}

static void
frag_reasons_are_shown_here(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DROP_MAX; r++) {
		if (drop_claims[r] == BY_FRAG && !case_has_shown((enum drop_reason)r))
			fail_msg("%s was not shown here", drop_name((enum drop_reason)r));
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, case_start, case_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frag_pieces_make_the_whole_in_every_order),
		CASE(frag_large_packets_get_a_large_buffer),
		CASE(frag_copies_are_left_out),
		CASE(frag_overlap_condemns_the_packet),
		CASE(frag_overlap_of_two_fragment_headers),
		CASE(frag_congestion_marks_the_whole),
		CASE(frag_protected_and_clear_do_not_mix),
		CASE(frag_timeout_by_the_clock),
		CASE(frag_limit_of_one_source_spares_others),
		CASE(frag_flood_is_bounded),
		CASE(frag_other_pools_are_not_emptied),
		CASE(frag_too_many_pieces_are_refused),
		CASE(frag_tiny_first_is_refused),
		CASE(frag_tiny_first6_hides_its_upper_layer),
		CASE(frag_size_must_be_eights),
		CASE(frag_size_must_not_be_zero),
		CASE(frag_too_big_beyond_what_ip_has),
		CASE(frag_esp_is_opened_after_reassembly),
		CASE(frag_random_pieces_as_the_model_says),
		cmocka_unit_test(frag_reasons_are_shown_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
