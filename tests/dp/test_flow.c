/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of the flow cache: every field tells two flows apart, and only the generation makes one valid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dp/flow.h"

static uint16_t
af_proto(uint8_t af, uint8_t proto)
{
	const uint8_t b[2] = { af, proto };
	uint16_t v;

	memcpy(&v, b, sizeof(v));
	return v;
}

/* Fields that say which flow it is; the answer's are none of them. */
static void
change(struct flow_key *k, unsigned int field)
{
	switch (field) {
	case 0:
		k->addr[0] ^= 1;
		break;
	case 1:
		k->ports_sa ^= 0x100ull << 32;
		break;
	case 2:
		k->ports_sa ^= 4;
		break;
	case 3:
		k->af_proto ^= af_proto(0, 0x11);
		break;
	case 4:
		k->af_proto ^= af_proto(AF_INET ^ AF_INET6, 0);
		break;
	default:
		k->addr[field - 4] ^= 1ull << 63;
		break;
	}
}

static void
flow_key_every_field_counts(void **state)
{
	const struct flow_key v4 = {
		.addr = { 1 }, .ports_sa = 2ull << 32, .af_proto = af_proto(AF_INET, 17)
	};
	const struct flow_key v6 = { .addr = { 1, 2, 3, 4 }, .af_proto = af_proto(AF_INET6, 6) };

	(void)state;
	assert_true(flow_key_eq(&v4, &v4) && flow_key_eq(&v6, &v6));
	for (unsigned int field = 0; field < 8; field++) {
		struct flow_key k = v6;

		change(&k, field);
		assert_false(flow_key_eq(&k, &v6));
		assert_false(flow_key_eq(&v6, &k));
		if (field > 4)
			continue; /* IPv4 has one word of addresses */
		k = v4;
		change(&k, field);
		assert_false(flow_key_eq(&k, &v4));
		assert_false(flow_key_eq(&v4, &k));
	}
}

static void
flow_find_wants_the_generation(void **state)
{
	struct flow_cache *c = calloc(1, sizeof(*c));
	struct flow_key k = { .addr = { 1 }, .af_proto = af_proto(AF_INET, 17), .gen = 7 };

	(void)state;
	assert_non_null(c);
	for (uint32_t hash = 0; hash < 4; hash++) {
		assert_null(flow_find(c, &k, hash, 7));
		flow_victim(c, hash, 7)->key = k;
		assert_non_null(flow_find(c, &k, hash, 7));
		assert_null(flow_find(c, &k, hash, 8));
		memset(c->slot, 0, sizeof(c->slot));
	}
	free(c);
}

/* Two flows of one bucket live side by side; a stale one is replaced before a valid one. */
static void
flow_victim_prefers_what_is_stale(void **state)
{
	struct flow_cache *c = calloc(1, sizeof(*c));
	struct flow_key k[3];

	(void)state;
	assert_non_null(c);
	for (uint64_t i = 0; i < 3; i++) {
		k[i] = (struct flow_key){
			.addr = { i }, .af_proto = af_proto(AF_INET, 17), .gen = i == 0 ? 6 : 7
		};
	}
	for (unsigned int i = 0; i < 2; i++)
		flow_victim(c, 10, k[i].gen)->key = k[i];
	flow_victim(c, 10, 7)->key = k[2];
	assert_null(flow_find(c, &k[0], 10, 6));
	assert_non_null(flow_find(c, &k[1], 10, 7));
	assert_non_null(flow_find(c, &k[2], 10, 7));
	free(c);
}

static void
flow_ports_are_those_of_selectors(void **state)
{
	static const uint8_t l4[4] = { 8, 3, 0xab, 0xcd };
	static const struct {
		uint8_t proto;
		unsigned int need;
		uint8_t ports[4];
	} row[] = {
		{ IPPROTO_TCP, 4, { 8, 3, 0xab, 0xcd } },
		{ IPPROTO_UDP, 4, { 8, 3, 0xab, 0xcd } },
		{ IPPROTO_SCTP, 4, { 8, 3, 0xab, 0xcd } },
		{ IPPROTO_ICMP, 2, { 0, 8, 0, 3 } },
		{ IPPROTO_ICMPV6, 2, { 0, 8, 0, 3 } },
		{ IPPROTO_ESP, 0, { 0 } },
		{ IPPROTO_GRE, 0, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const uint32_t ports = l4_ports(l4, row[i].proto);

		assert_int_equal(l4_kinds[row[i].proto], row[i].need);
		assert_memory_equal(&ports, row[i].ports, 4);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flow_key_every_field_counts),
		cmocka_unit_test(flow_find_wants_the_generation),
		cmocka_unit_test(flow_victim_prefers_what_is_stale),
		cmocka_unit_test(flow_ports_are_those_of_selectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
