/* SPDX-License-Identifier: BSD-2-Clause */
/* AH: every packet and every SA that it refuses, and that what stands between those stays. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include <cmocka.h>

#include "dp/ah_peer.h"
#include "dp/eal.h"
#include "unit/hexpkt.h"
#include "wire/ip.h"

#define MAC "hmac-sha256"

/* ---- refusals ---- */

static void
ah_refuses_fragments(void **state)
{
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	const struct hexpkt out = ah_sealed(sa, &clear);
	struct rte_mbuf *m = ah_pkt(sa, out.b, (unsigned int)out.len);
	struct hexpkt frag = ah_clear(UDP4);

	(void)state;
	pkt_meta(m)->flags |= PKT_F_FRAG;
	ah_expect_drop(m, DROP_SEC_FRAG);
	frag.b[6] = 0x20;
	m = ah_pkt(sa, frag.b, (unsigned int)frag.len);
	pkt_meta(m)->flags |= PKT_F_FRAG;
	assert_int_equal(ah_out(&m, 1), 0);
	assert_int_equal(lane->drop[DROP_OUT_FRAG], 1);
	ah_close(sa);
	/* A tunnel carries them like all else (RFC 4302 3.3.4). */
	sa = ah_open_mode(MAC, AF_INET, MODE_TUNNEL, 0);
	m = ah_pkt(sa, frag.b, (unsigned int)frag.len);
	pkt_meta(m)->flags |= PKT_F_FRAG;
	assert_int_equal(ah_out(&m, 1), 1);
	assert_int_equal(pkt_meta(m)->flags & PKT_F_FRAG, 0);
	rte_pktmbuf_free(m);
	ah_close(sa);
}

static void
ah_refuses_headers_that_it_cannot_predict(void **state)
{
	/* A routing header of unknown type under way; options past the header. */
	static const char *const heads[] = {
		"6000000000282b40" A6("01")
			A6("02") "1102fd0100000000" A6("03") "123456780010000068656c6c6f213132",
		"460000280001400040110000c0000201c000020207ff0400123456780010000068656c6c6f213132",
	};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct hexpkt clear = ah_clear(heads[i]), in;
		struct sa_rt *sa = ah_open_mode(MAC, ah_af(&clear), MODE_TRANSPORT, 0);
		struct rte_mbuf *m = ah_pkt(sa, clear.b, (unsigned int)clear.len);
		const unsigned int head = i == 0 ? 64 : 24, len = i == 0 ? 32 : 28;

		assert_int_equal(ah_out(&m, 1), 0);
		assert_int_equal(lane->drop[DROP_SEC_HEAD], 1);
		in = (struct hexpkt){ .len = head + len + 16 };
		memcpy(in.b, clear.b, head);
		in.b[i == 0 ? 40 : 9] = IPPROTO_AH;
		in.b[head + 1] = (uint8_t)(len / 4 - 2);
		in.b[head + 11] = 1;
		ah_expect_drop_bytes(sa, &in, DROP_SEC_HEAD);
		assert_int_equal(sa->rp->top, 0);
		ah_close(sa);
	}
}

static void
ah_refuses_wrong_lengths(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct hexpkt clear = ah_clear(i == 0 ? UDP4 : UDP6);
		struct sa_rt *sa = ah_open_mode(MAC, ah_af(&clear), MODE_TRANSPORT, 0);
		const struct hexpkt out = ah_sealed(sa, &clear);
		const unsigned int off = ah_off(&out);

		(void)state;
		for (unsigned int field = 0; field < 256; field++) {
			struct hexpkt p = out;

			p.b[off + 1] = (uint8_t)field;
			if (field == out.b[off + 1])
				continue;
			/* 8 words would be right for IPv4 aligned to 8 bytes, but the ICV is not. */
			ah_expect_drop_bytes(
				sa, &p, field == 6 && i == 0 ? DROP_SEC_AUTH : DROP_SEC_ICV_LEN);
		}
		for (uint16_t len = 0; len < 28; len++) {
			struct rte_mbuf *m = ah_pkt(sa, out.b, (unsigned int)out.len);

			pkt_meta(m)->l4_len = len;
			ah_expect_drop(m, DROP_SEC_SHORT);
		}
		assert_true(sa->lc[0].malformed > 250);
		ah_close(sa);
	}
}

static void
ah_refuses_other_addresses(void **state)
{
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	struct hexpkt out = ah_sealed(sa, &clear);

	(void)state;
	out.b[15]++;
	ah_expect_drop_bytes(sa, &out, DROP_SEC_SA_ADDR);
	ah_close(sa);
}

static void
ah_refuses_what_has_no_room(void **state)
{
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_TUNNEL, SA_F_ESN);
	struct rte_mbuf *m = ah_pkt(sa, clear.b, (unsigned int)clear.len);
	const struct hexpkt out = ah_sealed(sa, &clear);
	struct rte_mbuf *cut;
	uint16_t buf_len;

	(void)state;
	m->data_off = 20;
	assert_int_equal(ah_out(&m, 1), 0);
	assert_int_equal(lane->drop[DROP_OUT_NO_ROOM], 1);
	/* Inbound the high half of the number has no place: the buffer ends with the packet. */
	m = ah_pkt(sa, out.b, (unsigned int)out.len);
	m->data_len = m->pkt_len = (uint16_t)(14 + out.len);
	cut = m;
	buf_len = m->buf_len;
	m->buf_len = (uint16_t)(m->data_off + m->data_len + 3);
	assert_int_equal(ah_in(&m, 1), 0);
	assert_int_equal(lane->drop[DROP_OUT_NO_ROOM], 2);
	cut->buf_len = buf_len; /* it is back in the pool */
	ah_close(sa);
}

/* What an engine reports is an error outbound and a wrong ICV inbound. */
static void
ah_obeys_the_verdict_of_the_engine(void **state)
{
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	const struct hexpkt out = ah_sealed(sa, &clear);
	struct rte_mbuf *m = ah_pkt(sa, clear.b, (unsigned int)clear.len);

	(void)state;
	pkt_meta(m)->flags |= PKT_F_TRANSPORT;
	assert_int_equal(xform_ah.out_begin(lane, &m, 1), 1);
	pkt_meta(m)->flags |= PKT_F_CRYPTO_ERR;
	assert_int_equal(xform_ah.out_end(lane, &m, 1), 0);
	assert_int_equal(lane->drop[DROP_CRYPTO_ERROR], 1);
	m = ah_pkt(sa, out.b, (unsigned int)out.len);
	assert_int_equal(xform_ah.in_begin(lane, &m, 1), 1);
	pkt_meta(m)->flags |= PKT_F_CRYPTO_ERR;
	assert_int_equal(xform_ah.in_end(lane, &m, 1), 0);
	assert_int_equal(lane->drop[DROP_CRYPTO_ERROR], 2);
	ah_close(sa);
}

/* Bursts of SAs in runs, with packets that must go between those that stay. */
static void
ah_bursts_of_several_sas_keep_their_order(void **state)
{
	const struct hexpkt c4 = ah_clear(UDP4), c6 = ah_clear(UDP6HBH);
	struct sa_rt *sa[3] = { ah_open_mode("hmac-sha1", AF_INET, MODE_TRANSPORT, 0),
		ah_open_mode("hmac-sha512", AF_INET6, MODE_TUNNEL, SA_F_ESN),
		ah_open_mode(MAC, AF_INET6, MODE_TRANSPORT, 0) };
	struct rte_mbuf *m[30];

	(void)state;
	for (unsigned int i = 0; i < 30; i++) {
		const struct hexpkt *c = i / 10 == 2 ? &c6 : &c4;

		m[i] = ah_pkt(sa[i / 10], c->b, (unsigned int)c->len);
		m[i]->hash.usr = i;
	}
	m[3]->data_off = 10;
	m[12]->data_off = 10;
	pkt_meta(m[25])->l4_len = AH_BUF;
	assert_int_equal(ah_out(m, 30), 27);
	rte_pktmbuf_mtod(m[26], uint8_t *)[60] ^= 1;
	assert_int_equal(ah_in(m, 27), 26);
	for (unsigned int i = 0, k = 0; i < 29; i++) {
		const struct hexpkt *c = i / 10 == 2 ? &c6 : &c4;

		if (i == 3 || i == 12 || i == 25)
			continue;
		assert_int_equal(m[k]->hash.usr, i);
		assert_int_equal(m[k]->data_len, c->len);
		assert_memory_equal(rte_pktmbuf_mtod(m[k], void *), c->b, c->len);
		rte_pktmbuf_free(m[k++]);
	}
	for (unsigned int i = 0; i < 3; i++)
		ah_close(sa[i]);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

/* AH in AH in transport mode: the outer one covers the inner one. */
static void
ah_nests(void **state)
{
	const struct hexpkt clear = ah_clear(UDP6HBH);
	struct sa_rt *in = ah_open_mode("hmac-sha1", AF_INET6, MODE_TRANSPORT, 0);
	struct sa_rt *out = ah_open_mode(MAC, AF_INET6, MODE_TRANSPORT, SA_F_ESN);
	const struct hexpkt once = ah_sealed(in, &clear);
	struct hexpkt twice = ah_sealed(out, &once);

	(void)state;
	assert_int_equal(twice.b[ah_off(&twice)], IPPROTO_AH);
	ah_expect_open(out, &twice, &once);
	ah_expect_open(in, &once, &clear);
	twice.b[twice.len - 30] ^= 1;
	replay_init(out->rp, AH_WINDOW);
	ah_expect_drop_bytes(out, &twice, DROP_SEC_AUTH);
	ah_close(in);
	ah_close(out);
}

/* ---- control ---- */

static void
ah_sa_init_refuses_what_is_no_ah(void **state)
{
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_ANY, 0);
	struct sa_spec spec = ah_spec(MAC, AF_INET, 0);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(xform_ah.sa_check(&spec, &err), 0);
	spec.enc = alg_by_name(ALG_ENC, "aes-cbc");
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, "aes-cbc"));
	spec = ah_spec(MAC, AF_INET, SA_F_OLD);
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, "sequence"));
	spec = ah_spec("tcp-md5", AF_INET, 0);
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EOPNOTSUPP);
	spec = ah_spec(MAC, AF_INET, 0);
	spec.auth = NULL;
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	spec = ah_spec(MAC, AF_INET, 0);
	spec.natt.type = 2;
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	spec = ah_spec(MAC, AF_INET, 0);
	spec.idx.dst = test_ip("2001:db8::2");
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	assert_int_equal(sa->auth, 1);
	ah_close(sa);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ah_refuses_fragments),
		cmocka_unit_test(ah_refuses_headers_that_it_cannot_predict),
		cmocka_unit_test(ah_refuses_wrong_lengths),
		cmocka_unit_test(ah_refuses_other_addresses),
		cmocka_unit_test(ah_refuses_what_has_no_room),
		cmocka_unit_test(ah_obeys_the_verdict_of_the_engine),
		cmocka_unit_test(ah_bursts_of_several_sas_keep_their_order),
		cmocka_unit_test(ah_nests),
		cmocka_unit_test(ah_sa_init_refuses_what_is_no_ah),
	};
	const struct engine_group group = {
		.start = ah_start, .stop = ah_stop, .without = "aesni_gcm"
	}; /* knows no MAC */

	return engine_groups(&group, tests, ARRAY_LEN(tests));
}
