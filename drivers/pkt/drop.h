/* SPDX-License-Identifier: BSD-2-Clause */
/* Every reason to drop a packet, once: enum, counter name, explanation, NetBSD counter it feeds. */
/* Counters: row of the worker whose lane it is; control sums them with relaxed loads. */
#ifndef PKT_DROP_H
#define PKT_DROP_H

/* X(SYMBOL, "counter.name", "what it means", "NetBSD counter or empty") */
#define DROP_REASONS(X)                                                                            \
	X(RX_NOT_LINEAR, "rx.not_linear", "packet spans several buffers and could not be joined",  \
		"")                                                                                \
	X(L2_SHORT, "l2.short", "frame shorter than its Ethernet or VLAN header", "")              \
	X(L2_UNKNOWN_TYPE, "l2.unknown_type", "EtherType is not IPv4, IPv6, ARP or a known VLAN",  \
		"")                                                                                \
	X(L2_NOT_FOR_US, "l2.not_for_us", "unicast frame for another station", "")                 \
	X(L2_GROUP, "l2.group", "IP packet for one host in a frame for many", "")                  \
	X(L2_VLAN, "l2.vlan", "no interface has this VLAN", "")                                    \
	X(IP_SHORT, "ip.short", "packet shorter than its IP header or length field", "")           \
	X(IP_VERSION, "ip.version", "IP version does not match the EtherType", "")                 \
	X(IP_HLEN, "ip.hlen", "IPv4 header length impossible", "")                                 \
	X(IP_CHECKSUM, "ip.checksum", "IPv4 header checksum wrong", "")                            \
	X(IP_EXTHDR, "ip.exthdr", "IPv6 extension header chain malformed or too long", "")         \
	X(IP_OPTIONS, "ip.options", "IPv4 options malformed or source routed", "")                 \
	X(IP_BAD_ADDR, "ip.bad_addr", "source or destination address not allowed on the wire", "") \
	X(IP_NO_ROUTE, "ip.no_route", "no route to the destination", "ipsec.OUT_NOROUTE")          \
	X(IP_TTL, "ip.ttl", "TTL or hop limit exhausted", "")                                      \
	X(IP_TOO_BIG, "ip.too_big", "larger than the path MTU and not to be fragmented", "")       \
	X(IP_MULTICAST, "ip.multicast", "multicast is not forwarded", "")                          \
	X(IP_LOCAL, "ip.local", "for the gateway itself, nothing listens", "")                     \
	X(FRAG_TINY, "frag.tiny", "first fragment without the whole upper-layer header", "")       \
	X(FRAG_SIZE, "frag.size", "fragment empty, or neither last nor a multiple of 8 bytes", "") \
	X(FRAG_TOO_BIG, "frag.too_big", "fragments of a packet larger than IP or a buffer takes",  \
		"")                                                                                \
	X(FRAG_OVERLAP, "frag.overlap", "fragments of a packet overlap or contradict each other",  \
		"")                                                                                \
	X(FRAG_DUP, "frag.dup", "copy of a fragment that waits already", "")                       \
	X(FRAG_LIMIT, "frag.limit", "too many incomplete packets, or fragments of a packet", "")   \
	X(FRAG_TIMEOUT, "frag.timeout", "the other fragments of the packet did not come", "")      \
	X(FRAG_PORTS, "frag.ports",                                                                \
		"fragment meets a policy with ports, and its first one was not seen", "")          \
	X(FRAG_NOBUF, "frag.nobuf", "no buffer for an outgoing fragment or a reassembled packet",  \
		"ipsec.OUT_NOMEM")                                                                 \
	X(NBR_QUEUE, "nbr.queue", "neighbour unresolved and its queue is full", "")                \
	X(NBR_FAILED, "nbr.failed", "neighbour did not answer", "")                                \
	X(PUNT_FULL, "punt.full", "queue to the control thread is full", "")                       \
	X(INJECT_FULL, "inject.full", "queue from the control thread is full", "")                 \
	X(ARP_MALFORMED, "arp.malformed", "ARP packet malformed or from an impossible sender", "") \
	X(ICMP_MALFORMED, "icmp.malformed", "ICMP message for the gateway malformed", "")          \
	X(ICMP_IGNORED, "icmp.ignored", "ICMP message for the gateway that it has no use for", "") \
	X(POLICY_IN, "policy.in", "inbound policy not satisfied by how the packet was protected",  \
		"ipsec.IN_POLVIO")                                                                 \
	X(POLICY_OUT, "policy.out", "outbound policy says discard", "ipsec.OUT_POLVIO")            \
	X(POLICY_CHANGED, "policy.changed", "policy replaced while the packet was in an engine",   \
		"ipsec.OUT_INVAL")                                                                 \
	X(OUT_NO_SA, "out.no_sa", "outbound policy requires an SA that does not exist",            \
		"ipsec.OUT_NOSA")                                                                  \
	X(OUT_NO_ROOM, "out.no_room", "buffer too small for the headers or trailer", "esp.TOOBIG") \
	X(OUT_FRAG, "out.frag", "fragment meets an SA in transport mode (RFC 4303 3.1.1)", "")     \
	X(OUT_SEQ, "out.seq", "sequence numbers of the SA are exhausted", "esp.WRAP")              \
	X(OUT_SA_STATE, "out.sa_state", "SA is dead or dying", "esp.INVALID")                      \
	X(OUT_SA_ADDR, "out.sa_addr",                                                              \
		"transport mode asked of an SA that does not end at the destination",              \
		"ipsec.OUT_INVAL")                                                                 \
	X(ESP_DISABLED, "esp.disabled", "net.inet.ipsec.esp_enable is 0", "esp.PDROPS")            \
	X(AH_DISABLED, "ah.disabled", "net.inet.ipsec.ah_enable is 0", "ah.PDROPS")                \
	X(IPCOMP_DISABLED, "ipcomp.disabled", "net.inet.ipsec.ipcomp_enable is 0",                 \
		"ipcomp.PDROPS")                                                                   \
	X(NATT_KEEPALIVE, "natt.keepalive", "NAT keepalive, discarded as meant", "")               \
	X(SEC_NO_SA, "sec.no_sa", "no SA for this SPI, protocol and destination", "esp.NOTDB")     \
	X(SEC_SA_STATE, "sec.sa_state", "SA exists but is not usable", "esp.INVALID")              \
	X(SEC_SA_ADDR, "sec.sa_addr", "outer addresses are not the SA's", "esp.TUNNEL")            \
	X(SEC_SHORT, "sec.short", "shorter than the headers and trailer of the protocol",          \
		"esp.HDROPS")                                                                      \
	X(SEC_LENGTH, "sec.length", "ciphertext length is not a multiple of the block",            \
		"esp.BADILEN")                                                                     \
	X(SEC_SEQ_ZERO, "sec.seq_zero", "sequence number 0", "esp.REPLAY")                         \
	X(SEC_REPLAY_OLD, "sec.replay_old", "sequence number left of the window", "esp.REPLAY")    \
	X(SEC_REPLAY_DUP, "sec.replay_dup", "sequence number seen before", "esp.REPLAY")           \
	X(SEC_AUTH, "sec.auth", "integrity check failed", "esp.BADAUTH")                           \
	X(SEC_PAD, "sec.pad", "padding is not as the SA says, or longer than the payload",         \
		"esp.BADENC")                                                                      \
	X(SEC_NEXT, "sec.next", "protected payload is not an IP packet", "esp.NOPF")               \
	X(SEC_INNER, "sec.inner", "inner packet malformed", "ipip.FAMILY")                         \
	X(SEC_SPOOF, "sec.spoof", "inner source is one of our own addresses", "ipip.SPOOF")        \
	X(SEC_DUMMY, "sec.dummy", "dummy packet (next header 59), discarded as meant", "")         \
	X(SEC_ECN, "sec.ecn", "outer CE on an inner packet that is not ECN capable (RFC 6040)",    \
		"")                                                                                \
	X(SEC_NEST, "sec.nest", "more than 4 nested protections", "")                              \
	X(SEC_SELECTOR, "sec.selector",                                                            \
		"opened by a tunnel of a policy, but no inbound policy covers what was inside",    \
		"ipsec.IN_POLVIO")                                                                 \
	X(SEC_FRAG, "sec.frag", "fragment where AH stands: it protects whole packets only",        \
		"ah.HDROPS")                                                                       \
	X(SEC_HEAD, "sec.head",                                                                    \
		"options or extension headers before AH malformed, too long or not predictable",   \
		"ah.HDROPS")                                                                       \
	X(SEC_ICV_LEN, "sec.icv_len", "length of AH is not that of the SA's ICV", "ah.BADAUTHL")   \
	X(CRYPTO_QUEUE, "crypto.queue", "crypto device queue full", "esp.QFULL")                   \
	X(CRYPTO_ERROR, "crypto.error", "crypto engine reported an error", "esp.CRYPTO")           \
	X(COMP_DATA, "comp.data", "compressed payload is not DEFLATE, or not all of it",           \
		"ipcomp.CRYPTO")                                                                   \
	X(COMP_TOO_BIG, "comp.too_big", "payload inflates to more than a buffer takes",            \
		"ipcomp.TOOBIG")                                                                   \
	X(TX_FULL, "tx.full", "port did not take the packet", "")                                  \
	X(TX_LINK, "tx.link", "port is down", "")                                                  \
	X(VEC_FULL, "vec.full", "stage vector full", "")                                           \
	X(NOT_READY, "not_ready", "gateway is still loading its configuration", "")

enum drop_reason {
#define X(sym, name, doc, netbsd) DROP_##sym,
	DROP_REASONS(X)
#undef X
		DROP_MAX
};

/** @return "ip.short" for DROP_IP_SHORT and so on; NULL past the end */
const char *
drop_name(enum drop_reason r);
/** @return the explanation for people; NULL past the end */
const char *
drop_doc(enum drop_reason r);
/** @return "esp.REPLAY" and so on, "" when NetBSD has no such counter; NULL past the end */
const char *
drop_netbsd(enum drop_reason r);

#endif
