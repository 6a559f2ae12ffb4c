/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/arp.h"

#include <errno.h>
#include <string.h>

/* Hardware type Ethernet, protocol type IPv4, address lengths 6 and 4: all that we speak. */
static const uint8_t kind[6] = { 0x00, 0x01, 0x08, 0x00, 6, 4 };

static bool
is_station(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return (mac[0] & 1u) == 0 && memcmp(mac, zero, 6) != 0;
}

/* Zero is a probe's; multicast, reserved (240/4 with broadcast) and loopback senders do not exist. */
static bool
is_sender_ip(const uint8_t ip[4])
{
	static const uint8_t zero[4];

	if (ip[0] == 0)
		return memcmp(ip, zero, 4) == 0;
	return ip[0] < 224 && ip[0] != 127;
}

int
arp_parse(const void *p, size_t len, struct arp_msg *out)
{
	struct rbuf r = rbuf_make(p, len);
	const uint8_t *b = rbuf_take(&r, ARP_LEN);
	struct arp_msg m;

	if (b == NULL || memcmp(b, kind, sizeof(kind)) != 0)
		return -EINVAL;
	m.op = (uint16_t)(b[6] << 8 | b[7]);
	memcpy(m.sender_mac, b + 8, 6);
	memcpy(m.sender_ip, b + 14, 4);
	memcpy(m.target_mac, b + 18, 6);
	memcpy(m.target_ip, b + 24, 4);
	if (m.op != ARP_REQUEST && m.op != ARP_REPLY)
		return -EINVAL;
	if (!is_station(m.sender_mac) || !is_sender_ip(m.sender_ip))
		return -EINVAL;
	*out = m;
	return 0;
}

void
arp_put(struct wbuf *w, const struct arp_msg *msg)
{
	const uint8_t op[2] = { (uint8_t)(msg->op >> 8), (uint8_t)msg->op };

	wbuf_copy(w, kind, sizeof(kind));
	wbuf_copy(w, op, sizeof(op));
	wbuf_copy(w, msg->sender_mac, 6);
	wbuf_copy(w, msg->sender_ip, 4);
	wbuf_copy(w, msg->target_mac, 6);
	wbuf_copy(w, msg->target_ip, 4);
}
