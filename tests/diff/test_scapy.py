#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""ESP against scapy: it opens what we seal, and we open what it seals. Usage: test_scapy.py ESP_TOOL"""
import os
import random
import subprocess
import sys
import time

from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP, IPOption_Router_Alert
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN,
                                RouterAlert, in6_chksum)
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.packet import Raw

SPI = 0x10203040
# Ours, scapy's, bytes of key.
SUITES = [
    ("aes-gcm-16", "-", "AES-GCM", None, 20, 0),
    ("aes-gcm-16", "-", "AES-GCM", None, 28, 0),
    ("aes-gcm-16", "-", "AES-GCM", None, 36, 0),
    ("aes-cbc", "hmac-sha1", "AES-CBC", "HMAC-SHA1-96", 16, 20),
    ("aes-cbc", "hmac-sha256", "AES-CBC", "SHA2-256-128", 24, 32),
    ("aes-cbc", "hmac-sha384", "AES-CBC", "SHA2-384-192", 32, 48),
    ("aes-cbc", "hmac-sha512", "AES-CBC", "SHA2-512-256", 32, 64),
    ("null", "hmac-sha1", "NULL", "HMAC-SHA1-96", 0, 20),
    ("null", "hmac-sha256", "NULL", "SHA2-256-128", 0, 32),
    ("null", "hmac-sha512", "NULL", "SHA2-512-256", 0, 64),
    ("aes-ctr", "hmac-sha256", "AES-CTR", "SHA2-256-128", 20, 32),
    ("aes-ccm-8", "-", "AES-CCM", None, 19, 0),
    ("aes-ccm-12", "-", "AES-CCM", None, 27, 0),
    ("aes-ccm-16", "-", "AES-CCM", None, 35, 0),
    ("chacha20-poly1305", "-", "CHACHA20-POLY1305", None, 36, 0),
    ("3des-cbc", "hmac-md5", "3DES", "HMAC-MD5-96", 24, 16),
    ("aes-cbc", "aes-cmac-96", "AES-CBC", "AES-CMAC-96", 16, 16),
]
ICV = {"aes-ccm-8": 8, "aes-ccm-12": 12}
OUTER = {4: IP(src="192.0.2.1", dst="192.0.2.2"), 6: IPv6(src="2001:db8::1", dst="2001:db8::2")}
INNER = {4: IP(src="10.1.0.1", dst="10.2.0.1"), 6: IPv6(src="2001:db8:1::1", dst="2001:db8:2::1")}
LENGTHS = [0, 1, 2, 13, 14, 15, 16, 17, 100, 1000]


class Tool:
    """Our end of the SA: one process that answers line by line."""

    def __init__(self, path, engine):
        self.engine = engine
        self.p = subprocess.Popen([path, engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.p.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().strip()

    def close(self):
        self.p.stdin.close()
        return self.p.wait(timeout=20)


def hexa(data):
    return data.hex() if data else "-"


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}:\n  got  {got}\n  want {want}")


ESNS = (None, 0, 7)


def shape(case_rng):
    """A packet between the SA's end points: its upper layer and what may stand before it."""
    def make(outer, length):
        data = Raw(case_rng.randbytes(length))
        upper = case_rng.choice([UDP(sport=1, dport=2), TCP(sport=1, dport=2), None])
        load = data if upper is None else upper / data
        if outer == 4:
            opts = case_rng.choice([[], [IPOption_NOP()] * 4, [IPOption_Router_Alert()]])
            return IP(src="192.0.2.1", dst="192.0.2.2", options=opts, tos=0x2a, id=7, ttl=61, flags="DF",
                      **({"proto": 253} if upper is None else {})) / load
        head = IPv6(src="2001:db8::1", dst="2001:db8::2", tc=0x2a, fl=0x12345)
        chain = case_rng.choice([[], [IPv6ExtHdrHopByHop(options=[RouterAlert()])], [IPv6ExtHdrDestOpt()],
                                 [IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)]),
                                  IPv6ExtHdrRouting(segleft=0), IPv6ExtHdrDestOpt()],
                                 [IPv6ExtHdrHopByHop(options=[RouterAlert()]), IPv6ExtHdrRouting(segleft=0)]])
        for ext in chain:
            head = head / ext.copy()
        if upper is None:
            head.lastlayer().nh = 253
        return head / load
    return make


def without_udp(data):
    """Check the UDP header of an encapsulated packet and take it out, for scapy finds no ESP behind it in IPv6."""
    if data[0] >> 4 == 4:
        at = (data[0] & 15) * 4
        check("UDP checksum over IPv4", data[at + 6:at + 8].hex(), "0000")
        where = 9
    else:
        at, where = 40, 6
        while data[where] in (0, 43, 60):
            where, at = at, at + 8 * (data[at + 1] + 1)
        check("UDP checksum over IPv6", in6_chksum(17, IPv6(data[:40]), data[at:]), 0)
    check("UDP behind IP", data[where], 17)
    check("UDP ports and length", data[at:at + 6].hex(), f"11941194{len(data) - at:04x}")
    head = bytearray(data[:at])
    head[where] = 50
    return finished(head + data[at + 8:])


def finished(data):
    """The packet with its length and checksum made right."""
    pkt = (IP if data[0] >> 4 == 4 else IPv6)(bytes(data))
    if pkt.version == 4:
        del pkt.len, pkt.chksum
    else:
        del pkt.plen
    return pkt.__class__(bytes(pkt))


def opened_transport(sa, data, clear):
    """The head is the clear packet's but for length, protocol and checksum; scapy opens what follows it."""
    at, where = (data[0] & 15) * 4, 9
    if data[0] >> 4 == 6:
        at, where = 40, 6
        while data[where] != 50:
            where, at = at, at + 8 * (data[at + 1] + 1)
    check("length and checksum", bytes(finished(data)).hex(), data.hex())
    esp = ESP(data[at:])
    sa.check_spi(esp)
    sa.auth_algo.verify(esp, sa.auth_key)
    # Its decrypt() would put the payload back with the class of the first header, not the last one.
    icv_size = sa.crypt_icv_size or sa.crypt_algo.icv_size or sa.auth_algo.icv_size
    plain = sa.crypt_algo.decrypt(sa, esp, sa.crypt_key, icv_size, esn_en=sa.esn_en, esn=sa.esn)
    head = bytearray(data[:at])
    head[where] = plain.nh
    inside = plain.data if isinstance(plain.data, bytes) else bytes(plain.data)
    if inside[:1] and clear[0] >> 4 == 6 and plain.nh not in (60, 6, 17, 253):
        sys.exit(f"next header {plain.nh} ought to have stayed outside")
    return bytes(finished(head + inside))


def with_udp(sealed):
    """Put ESP into UDP, as RFC 3948 says: scapy names UDP in the wrong header of an IPv6 chain."""
    esp = bytes(sealed[ESP])
    head = bytearray(bytes(sealed)[:-len(esp)])
    where = 9
    if sealed.version == 6:
        at, where = 40, 6
        while at < len(head):
            where, at = at, at + 8 * (head[at + 1] + 1)
    head[where] = 17
    return bytes(finished(head + bytes(UDP(sport=4500, dport=4500, len=8 + len(esp), chksum=0)) + esp))


def cases(rng):
    """Each suite x outer family x {inner families, transport, any} x {plain, UDP} x {no ESN, high word 0, 7}."""
    for suite in SUITES:
        for outer in (4, 6):
            for form in (4, 6, "transport", "any"):
                for udp in ("", "+udp"):
                    for esn in ESNS:
                        # scapy 2.5 leaves the high word out of a separate MAC, against RFC 4303 2.2.1.
                        if esn is None or suite[3] is None:
                            yield suite, outer, form, udp, esn, rng.randbytes(suite[4]), rng.randbytes(suite[5])


def one_case(tool, rng, case):
    (enc, auth, their_enc, their_auth, _, _), outer, form, udp, esn, key, authkey = case
    tunnel = form in INNER
    sa = SecurityAssociation(ESP, spi=SPI, crypt_algo=their_enc, crypt_key=key, auth_algo=their_auth or "NULL",
                             auth_key=authkey or None, tunnel_header=OUTER[outer].copy() if tunnel else None,
                             crypt_icv_size=ICV.get(enc), esn_en=esn is not None, esn=esn or 0)
    ours = [enc, auth, hexa(key), hexa(authkey), outer, ("tunnel" if tunnel else form) + udp, int(esn is not None)]
    make = shape(rng)
    # Two of the lengths are enough where only the header differs from what is done before.
    lengths = LENGTHS if tunnel and not udp else rng.sample(LENGTHS, 2)
    for length in lengths:
        low = rng.randrange(1, 2**31)
        before = ((esn or 0) << 32) + low - 1
        pkt = make(outer, length)
        if tunnel:
            pkt = INNER[form] / UDP(sport=1, dport=2) / Raw(rng.randbytes(length))
        clear = bytes(pkt)
        name = f"{case[:5]} length {length} seq {low}"

        sealed = sa.encrypt(pkt.__class__(clear), seq_num=low)
        sealed = with_udp(sealed) if udp else bytes(sealed)
        answer = tool.ask("open", *ours, before, sealed.hex())
        if answer == "unsupported" and tool.engine != "direct":
            return 0
        check(f"open {name}", answer, clear.hex())
        bad = bytearray(sealed)
        bad[-1 - rng.randrange(8)] ^= 1 << rng.randrange(8)
        check(f"refuse {name}", tool.ask("open", *ours, before, bad.hex()), "drop sec.auth")

        answer = tool.ask("seal", *ours, before, clear.hex())
        if not answer or answer.startswith("drop"):
            sys.exit(f"seal {name}: {answer}")
        answer = bytes.fromhex(answer)
        if udp:
            answer = bytes(without_udp(answer))
        if tunnel:
            opened = bytes(sa.decrypt(OUTER[outer].__class__(answer)))
        else:
            opened = opened_transport(sa, answer, clear)
        check(f"scapy opens {name}", opened.hex(), clear.hex())
    return len(lengths)


def main():
    seed = int(os.environ.get("SEED", time.time_ns()))
    print(f"scapy: SEED={seed}")
    rng = random.Random(seed)
    for engine in ("direct", "openssl"):
        tool = Tool(sys.argv[1], engine)
        n = sum(one_case(tool, rng, case) for case in cases(rng))
        check(f"exit status of the tool with {engine}", tool.close(), 0)
        print(f"{engine}: {n} packets each way")


if __name__ == "__main__":
    main()
