/* SPDX-License-Identifier: BSD-2-Clause */
/* MSS clamping: the value, the checksum against one computed anew, and what is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/rng.h"
#include "wire/ip.h"
#include "wire/tcp.h"

static const uint8_t addrs[8] = { 10, 1, 0, 2, 10, 2, 0, 2 };

/* A SYN with pad NOPs in front of the option, so that its value stands at even and odd places. */
static unsigned int
make_syn(uint8_t *p, unsigned int pad, uint16_t mss)
{
	const unsigned int len = 20 + (pad + 4 + 3) / 4 * 4;
	uint16_t csum;

	memset(p, 0, 60);
	p[0] = 0x12;
	p[3] = 80;
	p[12] = (uint8_t)(len / 4 << 4);
	p[13] = 0x02;
	memset(p + 20, 1, pad);
	p[20 + pad] = 2;
	p[21 + pad] = 4;
	p[22 + pad] = (uint8_t)(mss >> 8);
	p[23 + pad] = (uint8_t)mss;
	csum = ip_csum_pseudo(addrs, sizeof(addrs), 6, p, len);
	memcpy(p + 16, &csum, 2);
	return len;
}

static void
tcp_clamp_mss_keeps_the_checksum_right(void **state)
{
	uint64_t rng = rng_seed("tcp");
	uint8_t p[60];

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		const unsigned int pad = (unsigned int)(rng_next(&rng) % 8);
		const uint16_t mss = (uint16_t)rng_next(&rng), max = (uint16_t)rng_next(&rng);
		const unsigned int len = make_syn(p, pad, mss);

		assert_int_equal(tcp_clamp_mss(p, len, max), mss > max);
		assert_int_equal(p[22 + pad] << 8 | p[23 + pad], mss > max ? max : mss);
		assert_int_equal(ip_csum_pseudo(addrs, sizeof(addrs), 6, p, len), 0);
	}
}

static void
tcp_clamp_mss_leaves_alone_what_it_should(void **state)
{
	uint8_t p[60], before[60];
	unsigned int len = make_syn(p, 0, 1460);

	(void)state;
	p[13] = 0x10; /* no SYN */
	assert_false(tcp_clamp_mss(p, len, 100));
	(void)make_syn(p, 0, 1460);
	assert_false(tcp_clamp_mss(p, 19, 100));
	assert_false(tcp_clamp_mss(p, 23, 100)); /* header longer than what is there */
	p[21] = 0; /* an option of no length */
	memcpy(before, p, sizeof(p));
	assert_false(tcp_clamp_mss(p, len, 100));
	p[21] = 3;
	assert_false(tcp_clamp_mss(p, len, 100));
	p[21] = 5; /* beyond the header */
	assert_false(tcp_clamp_mss(p, len, 100));
	p[20] = 0; /* end of options */
	p[21] = 4;
	assert_false(tcp_clamp_mss(p, len, 100));
	p[12] = 0x40; /* shorter than a header */
	assert_false(tcp_clamp_mss(p, len, 100));
	assert_memory_equal(p + 22, before + 22, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_clamp_mss_keeps_the_checksum_right),
		cmocka_unit_test(tcp_clamp_mss_leaves_alone_what_it_should),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
