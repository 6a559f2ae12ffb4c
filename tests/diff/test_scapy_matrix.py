#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Scapy against the whole data path: what the gateway sends it opens, and what it seals the gateway opens.
Usage: test_scapy_matrix.py GW_TOOL. SEED repeats a run.
"""
import os
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))

from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.ipsec import AH, ESP, SecurityAssociation  # noqa: E402
from scapy.packet import Raw, bind_layers, split_layers  # noqa: E402

import gwtool  # noqa: E402

# Ours, scapy's, bytes of key (with salt); integrity likewise; bytes of scapy's ICV for CCM. Left out is what scapy 2.5
# cannot do: it takes every ICV of GCM for 16 bytes, and has no XCBC, GMAC and Camellia.
ESP_SUITES = [
    ("aes-gcm-16", "AES-GCM", 20), ("aes-gcm-16", "AES-GCM", 28), ("aes-gcm-16", "AES-GCM", 36),
    ("aes-ccm-8", "AES-CCM", 19, None, None, 0, 8), ("aes-ccm-12", "AES-CCM", 27, None, None, 0, 12),
    ("aes-ccm-16", "AES-CCM", 35, None, None, 0, 16), ("chacha20-poly1305", "CHACHA20-POLY1305", 36),
    ("aes-cbc", "AES-CBC", 16, "hmac-sha1", "HMAC-SHA1-96", 20),
    ("aes-cbc", "AES-CBC", 24, "hmac-sha256", "SHA2-256-128", 32),
    ("aes-cbc", "AES-CBC", 32, "hmac-sha512", "SHA2-512-256", 64),
    ("aes-cbc", "AES-CBC", 16, "hmac-md5", "HMAC-MD5-96", 16),
    ("aes-cbc", "AES-CBC", 16, "aes-cmac-96", "AES-CMAC-96", 16),
    ("aes-ctr", "AES-CTR", 20, "hmac-sha384", "SHA2-384-192", 48),
    ("3des-cbc", "3DES", 24, "hmac-sha1", "HMAC-SHA1-96", 20),
    ("des-cbc", "DES", 8, "hmac-sha1", "HMAC-SHA1-96", 20), ("null", "NULL", 0, "hmac-sha256", "SHA2-256-128", 32),
]
AH_SUITES = [("hmac-sha1", "HMAC-SHA1-96", 20), ("hmac-sha256", "SHA2-256-128", 32),
             ("hmac-sha384", "SHA2-384-192", 48),
             ("hmac-sha512", "SHA2-512-256", 64), ("hmac-md5", "HMAC-MD5-96", 16), ("aes-cmac-96", "AES-CMAC-96", 16)]
OUTER = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}
INNER = {4: ("10.1.0.2", "10.2.0.2"), 6: ("fd00:1::2", "fd00:2::2")}
NETS = {4: ("10.1.0.0/16", "10.2.0.0/16"), 6: ("fd00:1::/64", "fd00:2::/64")}
IP_OF = {4: IP, 6: IPv6}
LENGTHS = (0, 1, 15, 16, 100, 1200)


def hexa(key):
    return "0x" + key.hex() if key else ""


class Layer:
    """One SA pair: our text, and scapy's two associations."""

    def __init__(self, rng, suite, proto, mode, outer, spi, esn):
        enc, their_enc, n, auth, their_auth, m, icv = (list(suite) + [None, None, 0, None])[:7] if proto == "esp" else (
            None, None, 0, suite[0], suite[1], suite[2], None)
        self.proto, self.mode = proto, mode
        key, auth_key = [rng.randbytes(n) for _ in "ab"], [rng.randbytes(m) for _ in "ab"]
        if their_enc in ("DES", "3DES"):  # odd parity does not matter, three different parts do
            assert n == 8 or key[0][:8] != key[0][8:16]
        self.text, self.sas = "", []
        for way in (0, 1):
            src, dst = OUTER[outer][way], OUTER[outer][1 - way]
            algorithms = f" -E {enc} {hexa(key[way])}" if enc else ""
            algorithms += f" -A {auth} {hexa(auth_key[way])}" if auth else ""
            numbers = " -esn" if esn is not None else ""
            self.text += f"add {src} {dst} {proto} {spi + way:#x} -m {mode} -window 64{numbers}{algorithms};"
            options = {"crypt_algo": their_enc, "crypt_key": key[way]} if enc else {}
            if icv:
                options["crypt_icv_size"] = icv
            header = IP_OF[outer](src=src, dst=dst) if mode == "tunnel" else None
            self.sas.append(SecurityAssociation(
                ESP if proto == "esp" else AH, spi=spi + way, auth_algo=their_auth or "NULL",
                auth_key=auth_key[way] or None, tunnel_header=header, esn_en=esn is not None, esn=esn or 0, **options))


def cases(rng):
    """Layers innermost first, for each form, families, and with sequence numbers of 64 bits where scapy can."""
    for outer in (4, 6):
        for inner in (4, 6):
            for suite in ESP_SUITES:
                yield outer, inner, [Layer(rng, suite, "esp", "tunnel", outer, 0x1001, None)]
                if len(suite) != 6:  # an AEAD: of others scapy leaves out the high word, against RFC 4303 2.2.1
                    yield outer, inner, [Layer(rng, suite, "esp", "tunnel", outer, 0x1001, 0)]
            for suite in AH_SUITES:
                yield outer, inner, [Layer(rng, suite, "ah", "tunnel", outer, 0x2001, None)]
            yield outer, inner, [Layer(rng, ESP_SUITES[0], "esp", "tunnel", outer, 0x1001, None),
                                 Layer(rng, AH_SUITES[0], "ah", "transport", outer, 0x2001, None)]


def policies(outer, inner, layers):
    text = ""
    for way, direction in ((0, "out"), (1, "in")):
        src, dst = OUTER[outer][way], OUTER[outer][1 - way]
        rules = " ".join(f"{la.proto}/{la.mode}/{src}-{dst}/require" for la in layers)
        text += f"spdadd {NETS[inner][way]} {NETS[inner][1 - way]} any -P {direction} ipsec {rules};"
    return text


def packet(inner, way, data, hops=64):
    ip = IP_OF[inner](src=INNER[inner][way], dst=INNER[inner][1 - way])
    if inner == 4:
        ip.ttl = hops
    else:
        ip.hlim = hops
    return bytes(ip / UDP(sport=1000, dport=2000) / Raw(data))


def fail(what, *lines):
    sys.exit("\n".join([what, *(str(x) for x in lines)]))


def sealed_by_us(tool, outer, inner, layers, data):
    answer = tool.receive(gwtool.LAN, packet(inner, 0, data))
    sent = gwtool.sent(answer, gwtool.WAN)
    if len(sent) != 1:
        fail("not sent", answer)
    p = IP_OF[outer](sent[0])
    for la in reversed(layers):
        p = la.sas[0].decrypt(p)
        p = p.__class__(bytes(p))  # scapy does not look into what AH covered
    if bytes(p) != packet(inner, 0, data, 63):
        fail("scapy opens something else", bytes(p).hex(), packet(inner, 0, data, 63).hex())


def under_ah(sa, p, seq):
    """AH around ESP: scapy would sign the ESP that it sees there, so it must not see it."""
    unknown = [(IP, {"proto": 50}), (IPv6, {"nh": 50}), (AH, {"nh": 50})]
    for below, field in unknown:
        split_layers(below, ESP, **field)
    p = bytes(sa.encrypt(p.__class__(bytes(p)), seq_num=seq))
    for below, field in unknown:
        bind_layers(below, ESP, **field)
    return p


def sealed_by_scapy(tool, outer, inner, layers, data, seq):
    p = IP_OF[inner](packet(inner, 1, data))
    for la in layers:
        p = under_ah(la.sas[1], p, seq) if p.haslayer(ESP) else la.sas[1].encrypt(p, seq_num=seq)
    p = bytes(p)
    spoilt = p[:-1] + bytes([p[-1] ^ 1])
    answer = tool.receive(gwtool.WAN, spoilt)
    if len(answer) != 1 or not answer[0].startswith("drop ") or ".auth" not in answer[0]:
        fail("a spoilt packet", answer)
    answer = tool.receive(gwtool.WAN, p)
    if gwtool.sent(answer, gwtool.LAN) != [packet(inner, 1, data, 63)]:
        fail("we do not open what scapy sealed", answer, p.hex())
    answer = tool.receive(gwtool.WAN, p)
    if len(answer) != 1 or "replay" not in answer[0]:
        fail("a packet that comes twice", answer)


def main():
    seed = int(os.environ.get("SEED", time.time_ns()))
    print(f"scapy matrix: SEED={seed}")
    rng = random.Random(seed)
    tool = gwtool.GwTool(sys.argv[1])
    n = 0
    for outer, inner, layers in cases(rng):
        tool.open()
        text = "".join(la.text for la in layers) + policies(outer, inner, layers)
        refused = tool.setkey(text)
        if refused:
            fail(refused, text)
        for seq, length in enumerate(LENGTHS, 1):
            try:
                sealed_by_us(tool, outer, inner, layers, rng.randbytes(length))
                sealed_by_scapy(tool, outer, inner, layers, rng.randbytes(length), seq)
            except (SystemExit, Exception) as e:
                fail(f"{inner} in {outer}, {length} bytes, seed {seed}: {text}", f"{type(e).__name__}: {e}")
            n += 1
    if tool.close() != 0:
        fail("the gateway lost something")
    print(f"{n} packets each way")


if __name__ == "__main__":
    main()
