/* SPDX-License-Identifier: BSD-2-Clause */
#include "xform/wrap.h"

#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipsec/transport.h"
#include "wire/ip.h"
#include "xform/wrap_tunnel.h"

bool
wrap_find(struct rte_mbuf *m, struct wrap *w)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const bool v6 = meta->af == AF_INET6;
	struct transport_place at;
	int rc;

	w->payload = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	w->payload_len = wrap_len(meta);
	w->head_len = w->next_off = 0;
	w->next = v6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	if ((meta->flags & PKT_F_TRANSPORT) == 0)
		return true;
	rc = transport_find(w->payload, w->payload_len, v6, &at);
	if (rc != 0) {
		w->why = v6 ? DROP_IP_EXTHDR : DROP_IP_HLEN;
		if (rc == -ENOTSUP)
			w->why = DROP_OUT_FRAG;
		return false;
	}
	w->head_len = at.off;
	w->next_off = at.next_off;
	w->next = at.next;
	w->payload += at.off;
	w->payload_len = (uint16_t)(w->payload_len - at.off);
	return true;
}

void
wrap_udp(const struct sa_rt *sa, uint8_t *p, uint16_t len)
{
	const uint16_t len_be = rte_cpu_to_be_16(len);

	memcpy(p, sa->hdr + sa->outer_len - UDP_LEN, UDP_LEN);
	memcpy(p + 4, &len_be, sizeof(len_be));
}

void
wrap_udp_csum(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	uint8_t *udp = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off - UDP_LEN);
	uint16_t csum;

	memset(udp + 6, 0, sizeof(csum));
	csum = ip_csum_pseudo(ip + offsetof(struct ip6, src), 32, IPPROTO_UDP, udp,
		(size_t)UDP_LEN + meta->l4_len);
	if (csum == 0)
		csum = 0xffff; /* 0 would say that there is none (RFC 768) */
	memcpy(udp + 6, &csum, sizeof(csum));
}

/* Lengths and IPv4 checksum of a header whose packet has changed behind it. */
static void
mend_head(uint8_t *head, uint16_t head_len, uint16_t behind)
{
	uint16_t be;

	if (head[0] >> 4 == 6) {
		be = rte_cpu_to_be_16((uint16_t)(head_len - sizeof(struct ip6) + behind));
		memcpy(head + offsetof(struct ip6, plen_be), &be, sizeof(be));
		return;
	}
	be = rte_cpu_to_be_16((uint16_t)(head_len + behind));
	memcpy(head + offsetof(struct ip4, len_be), &be, sizeof(be));
	memset(head + offsetof(struct ip4, csum_be), 0, sizeof(be));
	be = ip4_csum(head, head_len);
	memcpy(head + offsetof(struct ip4, csum_be), &be, sizeof(be));
}

static uint8_t *
transport_out(struct rte_mbuf *m, const struct wrap *w, const struct wrap_size *size)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	const uint16_t udp = sa->opts & SA_RT_NATT ? UDP_LEN : 0;
	const uint16_t len = (uint16_t)(size->gap + w->payload_len + size->behind);
	uint8_t *gap = w->payload - size->gap, *head = gap - udp - w->head_len;

	memmove(head, w->payload - w->head_len, w->head_len);
	head[w->next_off] = udp != 0 ? IPPROTO_UDP : sa->proto;
	mend_head(head, w->head_len, (uint16_t)(udp + len));
	if (udp != 0)
		wrap_udp(sa, gap - UDP_LEN, (uint16_t)(udp + len));
	wrap_done(m, head, (uint16_t)(w->head_len + udp), len);
	pkt_set_proto(meta, meta->af, sa->proto);
	wrap_out_flags(sa, meta);
	return gap;
}

uint8_t *
wrap_out(const struct tunnel_rules *rules, struct rte_mbuf *m, const struct wrap *w,
	const struct wrap_size *size)
{
	if (pkt_meta(m)->flags & PKT_F_TRANSPORT)
		return transport_out(m, w, size);
	return wrap_tunnel_out(rules, m, w, size);
}

static enum drop_reason
transport_in(struct rte_mbuf *m, uint8_t *payload, uint16_t len, uint8_t next)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	const bool v6 = meta->af == AF_INET6;
	uint8_t *head = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	const uint16_t udp = meta->flags & PKT_F_UDP ? UDP_LEN : 0;
	const uint16_t head_len = (uint16_t)(meta->l4_off - meta->l3_off - udp);
	int next_off = transport_next_off(head, head_len, v6);

	if (next_off < 0)
		return v6 ? DROP_IP_EXTHDR : DROP_IP_HLEN;
	if (meta->depth >= NEST_MAX)
		return DROP_SEC_NEST;
	memmove(payload - head_len, head, head_len);
	head = payload - head_len;
	head[next_off] = next;
	mend_head(head, head_len, len);
	if (sa->opts & SA_RT_NATT)
		transport_mend_csum(head, (size_t)head_len + len, v6,
			&(struct transport_oa){ .sum = sa->oa_sum,
				.src = (sa->opts & SA_RT_OA_SRC) != 0,
				.dst = (sa->opts & SA_RT_OA_DST) != 0 });
	wrap_done(m, head, head_len, len);
	pkt_set_proto(meta, meta->af, next);
	meta->flags &= (uint16_t) ~(PKT_F_UDP | PKT_F_TUNNEL);
	meta->depth++;
	return DROP_MAX;
}

enum drop_reason
wrap_in(const struct tunnel_rules *rules, struct rte_mbuf *m, uint8_t *payload, uint16_t len,
	uint8_t next)
{
	const uint8_t mode = pkt_meta(m)->sa->mode;

	if (mode == MODE_TRANSPORT ||
		(mode == MODE_ANY && next != IPPROTO_IPIP && next != IPPROTO_IPV6))
		return transport_in(m, payload, len, next);
	return wrap_tunnel_in(rules, m, payload, len, next);
}

static void
natt_init(struct sa_rt *sa, const struct sa_spec *spec)
{
	uint8_t *udp = sa->hdr + sa->outer_len;
	struct transport_oa oa = { 0 };

	sa->opts |= SA_RT_NATT;
	memcpy(udp, &spec->idx.src.port_be, 2);
	memcpy(udp + 2, &spec->idx.dst.port_be, 2);
	memset(udp + 4, 0, 4); /* length follows; no checksum over IPv4 (RFC 3948 2.1) */
	sa->outer_len = (uint8_t)(sa->outer_len + UDP_LEN);
	if (spec->natt.oa_src.af == spec->idx.src.af) {
		transport_oa_add(&oa, spec->natt.oa_src.b, addr_len(&spec->natt.oa_src));
		sa->opts |= SA_RT_OA_SRC;
	}
	if (spec->natt.oa_dst.af == spec->idx.dst.af) {
		transport_oa_add(&oa, spec->natt.oa_dst.b, addr_len(&spec->natt.oa_dst));
		sa->opts |= SA_RT_OA_DST;
	}
	sa->oa_sum = oa.sum;
}

void
wrap_sa_init(struct sa_rt *sa, const struct sa_spec *spec)
{
	const struct addr *src = &spec->idx.src, *dst = &spec->idx.dst;
	const bool udp = spec->natt.type != 0;

	sa->mode = spec->idx.mode;
	sa->reqid = spec->idx.reqid;
	sa->outer_af = src->af;
	sa->tfc_len = spec->tfc_len;
	sa->opts |= spec->tfc_len != 0 ? SA_RT_TFC : 0;
	sa->frag_len = spec->natt.frag_len;
	memset(sa->hdr, 0, sizeof(sa->hdr));
	if (src->af == AF_INET) {
		tunnel_template4(sa->hdr, src->b, dst->b, udp ? IPPROTO_UDP : sa->proto);
		sa->outer_len = sizeof(struct ip4);
	} else {
		tunnel_template6(sa->hdr, src->b, dst->b, udp ? IPPROTO_UDP : sa->proto);
		sa->outer_len = sizeof(struct ip6);
	}
	if (udp)
		natt_init(sa, spec);
}

int
wrap_sa_check(const struct sa_spec *spec, struct err *err)
{
	if (spec->idx.src.af != spec->idx.dst.af ||
		(spec->idx.src.af != AF_INET && spec->idx.src.af != AF_INET6))
		return err_set(err, -EINVAL, "the SA's addresses must be of one family");
	if (spec->idx.mode > MODE_TUNNEL)
		return err_set(err, -EINVAL, "unknown mode %u", spec->idx.mode);
	if (spec->window_pkts > SA_WINDOW_MAX)
		return err_set(err, -EINVAL, "anti-replay window larger than %u", SA_WINDOW_MAX);
	if (spec->natt.type != 0 && spec->idx.proto != IPPROTO_ESP)
		return err_set(err, -EINVAL, "only ESP can be encapsulated in UDP");
	if (spec->natt.type != 0 && spec->natt.type != 2)
		return err_set(err, -EINVAL, "unknown UDP encapsulation %u", spec->natt.type);
	if (spec->natt.type != 0 && (spec->idx.src.port_be == 0 || spec->idx.dst.port_be == 0))
		return err_set(err, -EINVAL, "UDP encapsulation needs both ports");
	if (spec->tfc_len != 0 && spec->idx.proto != IPPROTO_ESP)
		return err_set(err, -EINVAL, "only ESP can pad against traffic analysis");
	if (spec->tfc_len != 0 && spec->idx.mode == MODE_TRANSPORT)
		return err_set(err, -EINVAL,
			"padding against traffic analysis needs a tunnel, whose inner packet has a length");
	return 0;
}
