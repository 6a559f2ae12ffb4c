/* SPDX-License-Identifier: BSD-2-Clause */
/* What opened a packet against what the inbound policy asks for. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ipsec/history.h"

static struct addr
ip(const char *text)
{
	struct addr a;

	if (addr_parse(text, &a) != 0)
		abort();
	return a;
}

static struct sa_proof
proof(uint8_t proto, const char *src, const char *dst, uint32_t reqid)
{
	return (struct sa_proof){ .proto = proto,
		.mode = MODE_TUNNEL,
		.authenticated = true,
		.reqid = reqid,
		.src = ip(src),
		.dst = ip(dst) };
}

static struct sp_req
request(uint8_t proto, const char *src, const char *dst, uint32_t reqid)
{
	return (struct sp_req){
		.proto = proto, .mode = MODE_TUNNEL, .reqid = reqid, .src = ip(src), .dst = ip(dst)
	};
}

static bool
one(const struct sa_proof *p, unsigned int n, const struct sp_req *r, uint8_t level)
{
	const struct history_want want = { .req = r, .level = level };

	return history_satisfies(p, n, &want, 1);
}

static void
history_wants_protection(void **state)
{
	const struct sp_req r = request(IPPROTO_ESP, "192.0.2.2", "192.0.2.1", 0);

	(void)state;
	assert_false(one(NULL, 0, &r, LEVEL_REQUIRE));
	assert_false(one(NULL, 0, &r, LEVEL_UNIQUE));
	assert_true(one(NULL, 0, &r, LEVEL_USE));
	assert_true(history_satisfies(NULL, 0, NULL, 0));
}

static void
history_compares_each_field(void **state)
{
	const struct sp_req r = request(IPPROTO_ESP, "192.0.2.2", "192.0.2.1", 7);
	struct sa_proof p = proof(IPPROTO_ESP, "192.0.2.2", "192.0.2.1", 7);

	(void)state;
	assert_true(one(&p, 1, &r, LEVEL_REQUIRE));
	assert_true(one(&p, 1, &r, LEVEL_UNIQUE));
	p.src = ip("192.0.2.3");
	assert_false(one(&p, 1, &r, LEVEL_REQUIRE));
	p = proof(IPPROTO_ESP, "192.0.2.2", "192.0.2.9", 7);
	assert_false(one(&p, 1, &r, LEVEL_REQUIRE));
	p = proof(IPPROTO_AH, "192.0.2.2", "192.0.2.1", 7);
	assert_false(one(&p, 1, &r, LEVEL_REQUIRE));
	p = proof(IPPROTO_ESP, "192.0.2.2", "192.0.2.1", 8);
	assert_true(one(&p, 1, &r, LEVEL_REQUIRE));
	assert_false(one(&p, 1, &r, LEVEL_UNIQUE));
	p = proof(IPPROTO_ESP, "192.0.2.2", "192.0.2.1", 7);
	p.mode = MODE_TRANSPORT;
	assert_false(one(&p, 1, &r, LEVEL_REQUIRE));
	p.mode = MODE_TUNNEL;
	assert_true(one(&p, 1, &r, LEVEL_REQUIRE));
	p.authenticated = false;
	assert_false(one(&p, 1, &r, LEVEL_REQUIRE));
}

static void
history_wants_order(void **state)
{
	const struct sp_req inner = request(IPPROTO_ESP, "10.0.0.2", "10.0.0.1", 0);
	const struct sp_req outer = request(IPPROTO_ESP, "192.0.2.2", "192.0.2.1", 0);
	struct history_want want[2] = { { &inner, LEVEL_REQUIRE }, { &outer, LEVEL_REQUIRE } };
	const struct sa_proof right[2] = { proof(IPPROTO_ESP, "192.0.2.2", "192.0.2.1", 0),
		proof(IPPROTO_ESP, "10.0.0.2", "10.0.0.1", 0) };
	const struct sa_proof wrong[2] = { right[1], right[0] };

	(void)state;
	assert_true(history_satisfies(right, 2, want, 2));
	assert_false(history_satisfies(wrong, 2, want, 2));
	assert_false(history_satisfies(right, 1, want, 2));
	want[0].level = LEVEL_USE;
	assert_true(history_satisfies(right, 1, want, 2));
	assert_true(history_satisfies(right, 2, want, 2));
	/* A tunnel around all that the policy asks for does no harm; one inside it does. */
	assert_true(history_satisfies(right, 2, &want[0], 1));
	want[1].level = LEVEL_REQUIRE;
	assert_false(history_satisfies(right, 2, &want[1], 1));
}

#define A "192.0.2.2"
#define B "192.0.2.1"

static struct sa_proof
opened(uint8_t proto, uint8_t mode, const char *src)
{
	struct sa_proof p = { .proto = proto,
		.mode = mode,
		.authenticated = true,
		.reqid = 5,
		.src = ip(src),
		.dst = ip(B) };

	return p;
}

/* Transport without addresses is about the packet itself: what a tunnel carried does not count. */
static void
history_tells_transport_from_tunnel(void **state)
{
	struct sp_req r = { .proto = IPPROTO_AH, .mode = MODE_TRANSPORT, .reqid = 5 };
	const struct sa_proof transport = opened(IPPROTO_AH, MODE_TRANSPORT, A);
	const struct sa_proof tunnel = opened(IPPROTO_AH, MODE_TUNNEL, A);

	(void)state;
	assert_true(one(&transport, 1, &r, LEVEL_REQUIRE));
	assert_true(one(&transport, 1, &r, LEVEL_UNIQUE));
	assert_false(one(&tunnel, 1, &r, LEVEL_REQUIRE));
	r.reqid = 6;
	assert_false(one(&transport, 1, &r, LEVEL_UNIQUE));
	r.src = ip(A);
	r.dst = ip(B);
	assert_true(one(&transport, 1, &r, LEVEL_REQUIRE));
	r.src = ip("192.0.2.7");
	assert_false(one(&transport, 1, &r, LEVEL_REQUIRE));
}

/* ipsec(4), BUGS: esp/tunnel/A-B/use ah/transport/A-B/require, and AH in tunnel mode. */
static void
history_takes_the_bundles_of_the_manual(void **state)
{
	const struct sp_req esp = request(IPPROTO_ESP, A, B, 0), aht = request(IPPROTO_AH, A, B, 0);
	const struct sp_req ah = {
		.proto = IPPROTO_AH, .mode = MODE_TRANSPORT, .src = ip(A), .dst = ip(B)
	};
	struct history_want want[2] = { { &esp, LEVEL_USE }, { &ah, LEVEL_REQUIRE } };
	const struct sa_proof both[2] = { opened(IPPROTO_AH, MODE_TRANSPORT, A),
		opened(IPPROTO_ESP, MODE_TUNNEL, A) };
	const struct sa_proof turned[2] = { both[1], both[0] };
	const struct sa_proof tunnel = opened(IPPROTO_AH, MODE_TUNNEL, A);

	(void)state;
	assert_true(history_satisfies(both, 2, want, 2));
	assert_true(history_satisfies(both, 1, want, 2));
	assert_false(history_satisfies(&both[1], 1, want, 2));
	want[0].level = LEVEL_REQUIRE;
	assert_true(history_satisfies(both, 2, want, 2));
	assert_false(history_satisfies(turned, 2, want, 2));
	assert_true(one(&tunnel, 1, &aht, LEVEL_REQUIRE));
	assert_false(one(&tunnel, 1, &ah, LEVEL_REQUIRE));
}

/* ipcomp/tunnel/A-B/require esp/transport//require: compressed, IP in IP, or one ESP tunnel. */
static void
history_lets_ipcomp_leave_packets_alone(void **state)
{
	const struct sp_req comp = request(IPPROTO_IPCOMP, A, B, 0);
	const struct sp_req esp = { .proto = IPPROTO_ESP, .mode = MODE_TRANSPORT };
	const struct history_want want[2] = { { &comp, LEVEL_REQUIRE }, { &esp, LEVEL_REQUIRE } };
	struct sa_proof p[2] = { opened(IPPROTO_ESP, MODE_TRANSPORT, A),
		opened(IPPROTO_IPCOMP, MODE_TUNNEL, A) };
	const struct sa_proof tunnel = opened(IPPROTO_ESP, MODE_TUNNEL, A);
	const struct sa_proof elsewhere = opened(IPPROTO_ESP, MODE_TUNNEL, "192.0.2.7");

	(void)state;
	assert_true(history_satisfies(p, 2, want, 2));
	assert_true(history_satisfies(p, 1, want, 2)); /* it was not even worth a tunnel */
	p[1].proto = IPPROTO_IPIP;
	p[1].authenticated = false;
	assert_true(history_satisfies(p, 2, want, 2));
	p[1].src = ip("192.0.2.7");
	assert_false(history_satisfies(p, 2, want, 2));
	assert_true(history_satisfies(&tunnel, 1, want, 2));
	assert_false(history_satisfies(&elsewhere, 1, want, 2));
	assert_false(history_satisfies(NULL, 0, want, 2));
	assert_true(history_satisfies(NULL, 0, want, 1)); /* ipcomp alone asks for nothing */
	/* IP in IP and compression prove nothing by themselves. */
	assert_false(one(&p[1], 1, &esp, LEVEL_REQUIRE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_wants_protection),
		cmocka_unit_test(history_compares_each_field),
		cmocka_unit_test(history_wants_order),
		cmocka_unit_test(history_tells_transport_from_tunnel),
		cmocka_unit_test(history_takes_the_bundles_of_the_manual),
		cmocka_unit_test(history_lets_ipcomp_leave_packets_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
