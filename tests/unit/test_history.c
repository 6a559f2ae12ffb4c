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
	p.mode = MODE_ANY;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_wants_protection),
		cmocka_unit_test(history_compares_each_field),
		cmocka_unit_test(history_wants_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
