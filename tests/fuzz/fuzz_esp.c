/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile bytes as an ESP packet: in_begin, the direct engine, in_end. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/xform_fuzz.h"
#include "wire/ip.h"

/*
 * Byte 0: the SA (low bits) and, in its top bit, whether the rest is sealed first, so that decrypted
 * text reaches the trailer and the inner header. Byte 1: outer TOS, and in its top bits the depth; its
 * low bit stands for IPv4 options or IPv6 extension headers, too. The rest is the ESP packet.
 */

static const struct row {
	enum alg_code enc, auth;
	uint16_t key, authkey;
	uint8_t af;
	bool esn;
	uint8_t mode, natt;
	uint32_t flags;
} rows[] = {
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 20, 0, AF_INET, false, MODE_TUNNEL, 0, 0 },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 36, 0, AF_INET6, true, MODE_TUNNEL, 0, 0 },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 16, 20, AF_INET, false, MODE_TUNNEL, 0, 0 },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 32, 32, AF_INET6, true, MODE_TUNNEL, 0, 0 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA256, 0, 32, AF_INET, false, MODE_TUNNEL, 0, 0 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA512, 0, 64, AF_INET, true, MODE_TUNNEL, 0, 0 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20, AF_INET, false, MODE_TRANSPORT, 2, 0 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20, AF_INET6, false, MODE_TRANSPORT, 2, SA_F_PAD_ZERO },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20, AF_INET6, true, MODE_ANY, 0, SA_F_PAD_RAND },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 20, 0, AF_INET, false, MODE_TRANSPORT, 0, 0 },
};

#define HEAD_MAX 64u

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const int rc = xform_fuzz_start(&xform_esp, NULL);

	(void)argc;
	(void)argv;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct sa_spec spec = { .idx = { .proto = IPPROTO_ESP, .mode = row->mode },
			.spi = 0x10203040,
			.window_pkts = XFORM_FUZZ_WINDOW,
			.flags = row->flags | (row->esn ? SA_F_ESN : 0),
			.enc = alg_by_code(row->enc),
			.auth = alg_by_code(row->auth) };

		spec.natt.type = row->natt;
		spec.idx.src.port_be = spec.idx.dst.port_be = htons(4500);
		spec.enckey.len = row->key;
		spec.authkey.len = row->authkey;
		xform_fuzz_add(&spec, row->af);
	}
	return rc;
}

/* The header that stands before ESP. @return its bytes, with a UDP header's if the SA has one */
static uint16_t
make_head(const struct sa_rt *sa, uint8_t tos, uint8_t head[HEAD_MAX])
{
	const bool udp = (sa->opts & SA_RT_NATT) != 0, more = (tos & 1) != 0;
	const uint8_t next = udp ? IPPROTO_UDP : IPPROTO_ESP;
	uint16_t len = sa->outer_af == AF_INET ? 20 : 40;

	memset(head, 0, HEAD_MAX);
	memcpy(head, sa->hdr, len);
	if (sa->outer_af == AF_INET) {
		head[0] = more ? 0x47 : 0x45;
		head[1] = tos;
		len = more ? 28 : 20;
	} else {
		head[0] = 0x60;
		head[1] = (uint8_t)(tos << 4);
		if (more) { /* hop-by-hop, routing */
			head[6] = IPPROTO_HOPOPTS;
			head[40] = IPPROTO_ROUTING;
			head[48] = next;
			len = 56;
		}
	}
	return udp ? len + 8 : len;
}

/* Nothing before the head, nothing behind the packet. */
static struct rte_mbuf *
make_packet(const struct sa_rt *sa, const uint8_t *esp, uint16_t len, uint8_t tos)
{
	uint8_t head[HEAD_MAX];
	const uint16_t ip_len = make_head(sa, tos, head);
	struct rte_mbuf *m = xform_fuzz_mbuf(0, (uint16_t)(ip_len + len), 0);
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	memcpy(p, head, ip_len);
	memcpy(p + ip_len, esp, len);
	return m;
}

static void
check(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int hdr = meta->af == AF_INET ? sizeof(struct ip4) : sizeof(struct ip6);

	if (!xform_fuzz_is_whole(m) || meta->depth == 0 || meta->depth > NEST_MAX ||
		(meta->flags & PKT_F_UDP) != 0)
		abort();
	if ((meta->flags & PKT_F_TUNNEL) != 0 ? meta->l4_off != 0 : meta->l4_off < hdr)
		abort();
	rte_pktmbuf_free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rte_mbuf *m;
	struct sa_rt *sa;
	uint16_t len;

	if (size < 2 || size > 2000)
		return -1;
	len = (uint16_t)(size - 2);
	sa = xform_fuzz_sa(data[0] & 0x7fu);
	m = make_packet(sa, data + 2, len, data[1] & 0x1f);
	*pkt_meta(m) = (struct pkt_meta){ .sa = sa,
		.l4_off = (uint16_t)(m->data_len - len),
		.l4_len = len,
		.af = sa->outer_af,
		.flags = (sa->opts & SA_RT_NATT) != 0 ? PKT_F_UDP : 0,
		.depth = data[1] >> 5 };
	if (xform_fuzz_in(&m, (data[0] & 0x80) != 0))
		check(m);
	return xform_fuzz_end();
}
