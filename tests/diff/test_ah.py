#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""AH against a naive model written from RFC 4302, against scapy, and against packets of a real Linux kernel.

Usage: test_ah.py AH_TOOL CAPTURES"""
import hashlib
import hmac
import ipaddress
import json
import os
import random
import re
import struct
import subprocess
import sys
import time

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import AH, SecurityAssociation
from scapy.packet import Raw
from scapy.utils import rdpcap

AH_PROTO, SPI = 51, 0x10203040
ENDS = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}

# ---- the model: RFC 4302, byte by byte, as slow as it likes ----


def csum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


KEPT_OPTIONS = {0x01, 0x82, 0x85, 0x86, 0x94, 0x95}


def masked4(head, cleartos, offsetmask):
    fixed, options = list(head[:20]), head[20:]
    if cleartos:
        fixed[1] = 0
    word = (fixed[6] << 8 | fixed[7]) & offsetmask
    fixed[6:8] = [word >> 8, word & 255]
    fixed[8] = 0
    fixed[10:12] = [0, 0]
    out = b""
    while options and options[0] != 0:
        if options[0] == 1:
            out, options = out + b"\1", options[1:]
            continue
        one, options = options[:options[1]], options[options[1]:]
        if one[0] in (0x83, 0x89) and one[2] <= one[1]:
            fixed[16:20] = one[-4:]
        out += one if one[0] in KEPT_OPTIONS else bytes(len(one))
    return bytes(fixed) + out + options


def masked_tlvs(ext):
    out, rest = ext[:2], ext[2:]
    while rest:
        if rest[0] == 0:
            out, rest = out + b"\0", rest[1:]
            continue
        size = 2 + rest[1]
        data = bytes(size - 2) if rest[0] & 0x20 else rest[2:size]
        out, rest = out + rest[:2] + data, rest[size:]
    return out


def masked6(head):
    """Walk like a node: each routing header is visited until no segment is left (RFC 2460 4.4)."""
    base, rest, kind = bytearray(head[:40]), head[40:], head[6]
    base[0], base[1:4], base[7] = base[0] & 0xf0, bytes(3), 0
    out = b""
    while rest:
        size = (rest[1] + 1) * 8
        ext, rest = rest[:size], rest[size:]
        if kind == 43:
            ext = bytearray(ext)
            n = ext[1] // 2
            while ext[3] > 0:
                ext[3] -= 1
                at = 8 + (n - ext[3] - 1) * 16
                ext[at:at + 16], base[24:40] = bytes(base[24:40]), bytes(ext[at:at + 16])
            ext = bytes(ext)
        else:
            ext = masked_tlvs(ext)
        kind = ext[0]
        out += ext
    return bytes(base) + out


def xcbc(key, data):
    """RFC 3566, on single AES blocks (CMAC of one block is not one, so a cipher in ECB mode it is)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    def aes(k, block):
        return Cipher(algorithms.AES(k), modes.ECB()).encryptor().update(block)

    def xor(a, b):
        return bytes(x ^ y for x, y in zip(a, b))

    k1, k2, k3 = (aes(key, bytes([n]) * 16) for n in (1, 2, 3))
    blocks = [data[i:i + 16] for i in range(0, len(data), 16)]
    e = bytes(16)
    for block in blocks[:-1]:
        e = aes(k1, xor(e, block))
    last = blocks[-1]
    last = xor(last, k2) if len(last) == 16 else xor(last + b"\x80" + bytes(15 - len(last)), k3)
    return aes(k1, xor(e, last))


def cmac(key, data):
    c = CMAC(algorithms.AES(key))
    c.update(data)
    return c.finalize()


def hmac_of(name):
    return lambda key, data: hmac.new(key, data, name).digest()


def keyed(name):
    """RFC 1828, 1852: key, its padding as the hash pads a message of that length, text, key."""
    def mac(key, data):
        order = "<Q" if name == "md5" else ">Q"
        fill = b"\x80" + bytes(55 - len(key)) + struct.pack(order, 8 * len(key))
        return hashlib.new(name, key + fill + data + key).digest()
    return mac


# Ours: MAC, bytes of ICV, bytes of key.
MACS = {
    "hmac-md5": (hmac_of("md5"), 12, 16),
    "hmac-sha1": (hmac_of("sha1"), 12, 20),
    "hmac-sha256": (hmac_of("sha256"), 16, 32),
    "hmac-sha256-96": (hmac_of("sha256"), 12, 32),
    "hmac-sha384": (hmac_of("sha384"), 24, 48),
    "hmac-sha512": (hmac_of("sha512"), 32, 64),
    "aes-xcbc-mac": (xcbc, 12, 16),
    "aes-cmac-96": (cmac, 12, 16),
    "aes-gmac": (None, 16, 20),
    "hmac-ripemd160": (hmac_of("ripemd160"), 12, 20),
    "md5": (keyed("md5"), 16, 16),
    "sha": (keyed("sha1"), 20, 20),
    "null": (lambda key, data: bytes(12), 12, 0),
}


def model_icv(auth, key, data, iv):
    mac, size, _ = MACS[auth]
    if auth == "aes-gmac":
        return iv + AESGCM(key[:-4]).encrypt(key[-4:] + iv, b"", data)
    return mac(key, data)[:size]


class Model:
    """An SA's other end. Heads are bytes from the IP header to the AH, lengths still unset."""

    def __init__(self, auth, key, align8=False, esn=None, cleartos=1, offsetmask=0, old=False):
        self.auth, self.key, self.align8, self.esn = auth, key, align8, esn
        self.cleartos, self.offsetmask = cleartos, offsetmask
        self.fixed = 8 if old else 12  # RFC 1826 has no sequence number
        self.icv_len = MACS[auth][1] + (8 if auth == "aes-gmac" else 0)

    def masked(self, head):
        if head[0] >> 4 == 4:
            return masked4(head, self.cleartos, self.offsetmask)
        return masked6(head)

    def seal(self, head, next_header, payload, low, pad=b"\0" * 4):
        six = head[0] >> 4 == 6
        size = self.fixed + self.icv_len
        align = 8 if six or self.align8 else 4
        pad = pad[:-size % align]
        head = bytearray(head)
        if six:
            head[4:6] = struct.pack(">H", len(head) - 40 + size + len(pad) + len(payload))
        else:
            head[2:4] = struct.pack(">H", len(head) + size + len(pad) + len(payload))
            head[10:12] = b"\0\0"
            head[10:12] = struct.pack(">H", csum(bytes(head)))
        head = bytes(head)
        ah = struct.pack(">BBHII", next_header, (size + len(pad)) // 4 - 2, 0, SPI, low)[:self.fixed]
        data = self.masked(head) + ah + bytes(self.icv_len) + pad + payload
        if self.esn is not None:
            data += struct.pack(">I", self.esn)
        iv = struct.pack(">Q", low * 77)
        return head + ah + model_icv(self.auth, self.key, data, iv) + pad + payload

    def verify(self, packet, head_len):
        """The AH of a packet must be what we would have made. @return next header, payload"""
        head, ah = packet[:head_len], packet[head_len:]
        size = (ah[1] + 2) * 4
        icv, pad, payload = ah[self.fixed:][:self.icv_len], ah[self.fixed + self.icv_len:size], ah[size:]
        data = self.masked(head) + ah[:self.fixed] + bytes(self.icv_len) + pad + payload
        if self.esn is not None:
            data += struct.pack(">I", self.esn)
        want = model_icv(self.auth, self.key, data, icv[:8])
        check("ICV", icv.hex(), want.hex())
        align = 8 if head[0] >> 4 == 6 or self.align8 else 4
        check("AH length", size, -(-(self.fixed + self.icv_len) // align) * align)
        check("reserved, SPI", ah[2:8].hex(), struct.pack(">HI", 0, SPI).hex())
        return ah[0], payload


# ---- random headers ----


def random_options(rng):
    out = b""
    for _ in range(rng.randrange(4)):
        kind = rng.choice([1, 7, 68, 82, 130, 131, 133, 134, 136, 137, 148, 149, rng.randrange(2, 256)])
        if kind == 1:
            one = b"\1"
        elif kind in (131, 137):
            n = rng.randrange(1, 3)
            one = bytes([kind, 3 + 4 * n, 4 + 4 * rng.randrange(n + 1)]) + rng.randbytes(4 * n)
        else:
            size = rng.randrange(2, 12)
            one = bytes([kind, size]) + rng.randbytes(size - 2)
        if len(out) + len(one) <= 40:
            out += one
    return out + rng.choice([b"\0", b"\1"]) * (-len(out) % 4)


def random_tlvs(rng):
    out = b""
    for _ in range(rng.randrange(4)):
        kind = rng.choice([0, 1, 5, 0x1e, 0x20, 0x3e, rng.randrange(256)])
        size = rng.randrange(9)
        out += b"\0" if kind == 0 else bytes([kind, size]) + rng.randbytes(size)
    return out + bytes(-(len(out) + 2) % 8)


def ext_header(next_header, body):
    return bytes([next_header, (len(body) + 2) // 8 - 1]) + body


def random_head(rng, family, last):
    """An IP header with options or extension headers, of a packet from one end of the SA to the other."""
    src, dst = (ipaddress.ip_address(a).packed for a in ENDS[family])
    if family == 4:
        options = random_options(rng)
        return bytes([0x45 + len(options) // 4, rng.randrange(256), 0, 0]) + rng.randbytes(2) + \
            bytes([rng.choice([0, 0x40]), 0, rng.randrange(1, 256), last, 0, 0]) + src + dst + options
    kinds = [k for k in (0, 60, 43) if rng.random() < 0.4]
    exts = b""
    for i, kind in enumerate(kinds):
        following = kinds[i + 1] if i + 1 < len(kinds) else last
        if kind == 43:
            n = rng.randrange(4)
            exts += ext_header(following, bytes([0, rng.randrange(n + 1)]) + rng.randbytes(4 + 16 * n))
        else:
            exts += ext_header(following, random_tlvs(rng))
    first = struct.pack(">I", 6 << 28 | rng.getrandbits(28))
    return first + b"\0\0" + bytes([kinds[0] if kinds else last, rng.randrange(1, 256)]) + src + dst + exts


def last_next_off(head):
    """Where a head names what follows it."""
    if head[0] >> 4 == 4:
        return 9
    off, kind, at = 40, head[6], 6
    while off < len(head):
        kind, at, off = head[off], off, off + (head[off + 1] + 1) * 8
    return at


def place(packet):
    """Where AH goes into a packet in transport mode: destination options without a routing header behind
    them are for the last destination, and are protected (RFC 4302 3.1.1 leaves that to us)."""
    if packet[0] >> 4 == 4:
        return (packet[0] & 15) * 4
    off, kind, outside = 40, packet[6], 40
    while kind in (0, 43, 60):
        kind, dest, off = packet[off], kind == 60, off + (packet[off + 1] + 1) * 8
        if not dest:
            outside = off
    return outside


def plain(head, proto, payload):
    """The same packet without AH."""
    head = bytearray(head)
    head[last_next_off(head)] = proto
    if head[0] >> 4 == 6:
        head[4:6] = struct.pack(">H", len(head) - 40 + len(payload))
    else:
        head[2:4] = struct.pack(">H", len(head) + len(payload))
        head[10:12] = b"\0\0"
        head[10:12] = struct.pack(">H", csum(bytes(head)))
    return bytes(head) + payload


# ---- our end ----


class Tool:
    """One process that answers line by line."""

    def __init__(self, path, engine):
        self.p = subprocess.Popen([path, engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.p.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().strip()

    def close(self):
        self.p.stdin.close()
        return self.p.wait(timeout=20)


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}:\n  got  {got}\n  want {want}")


def flags(align8=False, esn=False, cleartos=1, offsetmask=0, old=False):
    words = ["align8"] * align8 + ["esn"] * esn + ["old"] * old
    return ",".join(words + [f"cleartos={cleartos}", f"offsetmask={offsetmask}"])


def against_model(tool, rng, auth, number):
    family = 4 + 2 * (number & 1)
    old = number % 10 > 7
    esn = None if old else (None, 0, 7)[number // 2 % 3]
    align8, cleartos, offsetmask = rng.random() < 0.5, rng.randrange(2), rng.choice([0, 0, 0x4000, 0xffff])
    key = rng.randbytes(MACS[auth][2] + (rng.choice([0, 8, 16]) if auth == "aes-gmac" else 0))
    model = Model(auth, key, align8 and family == 4, esn, cleartos, offsetmask, old)
    low = rng.randrange(1, 2**31)
    before = ((esn or 0) << 32) + low - 1
    ours = [auth, key.hex() or "-", *ENDS[family], SPI, flags(align8, esn is not None, cleartos, offsetmask, old)]

    # Transport, both ways: the head is random, the payload an unknown protocol's.
    payload = rng.randbytes(rng.randrange(0, 200))
    head = random_head(rng, family, AH_PROTO)
    sealed = model.seal(head, 253, payload, low, rng.randbytes(4))
    name = f"{auth} {number} {sealed.hex()}"
    clear = plain(head, 253, payload)
    check(f"open {name}", tool.ask("open", "transport", before, *ours, sealed.hex()), clear.hex())
    answer = tool.ask("seal", "transport", before, *ours, clear.hex())
    if not answer or answer.startswith("drop"):
        sys.exit(f"seal {name}: {answer}")
    answer, at = bytes.fromhex(answer), place(clear)
    next_header, body = model.verify(answer, at)
    check(f"transport {name}", body.hex(), clear[at:].hex())
    check(f"whole packet {name}", plain(answer[:at], next_header, body).hex(), clear.hex())

    # Tunnel, both ways: outer head random inbound.
    inner = plain(random_head(rng, 10 - family if rng.random() < 0.5 else family, 253), 253, payload)
    kind = 4 if inner[0] >> 4 == 4 else 41
    # A random outer ECN codepoint may change the inner one, or drop the packet.
    outer = bytearray(random_head(rng, family, AH_PROTO))
    if family == 4:
        outer[1] &= 0xfc
    else:
        outer[1] &= 0xcf
    sealed = model.seal(bytes(outer), kind, inner, low)
    check(f"open tunnel {name}", tool.ask("open", "tunnel", before, *ours, sealed.hex()), inner.hex())
    bad = bytearray(sealed)
    bad[-1 - rng.randrange(len(payload) + 20)] ^= 1 << rng.randrange(8)
    if auth != "null":
        check(f"refuse {name}", tool.ask("open", "tunnel", before, *ours, bad.hex()), "drop sec.auth")
    answer = bytes.fromhex(tool.ask("seal", "tunnel", before, *ours, inner.hex()))
    next_header, body = model.verify(answer, 20 if family == 4 else 40)
    check(f"tunnel {name}", (next_header, body.hex()), (kind, inner.hex()))


# ---- scapy, without what it does not know: see against_scapy() ----

SCAPY = {"hmac-sha1": "HMAC-SHA1-96", "hmac-sha256": "SHA2-256-128", "hmac-sha512": "SHA2-512-256"}


def against_scapy(tool, rng, auth, family, mode):
    """scapy 2.5 knows neither IPv4 options nor extension headers, and pads AH over IPv6 to 4 bytes only."""
    key = rng.randbytes(MACS[auth][2])
    src, dst = ENDS[family]
    layer = IP if family == 4 else IPv6
    sa = SecurityAssociation(AH, spi=SPI, auth_algo=SCAPY[auth], auth_key=key,
                             tunnel_header=layer(src=src, dst=dst) if mode == "tunnel" else None)
    ours = [auth, key.hex(), src, dst, SPI, flags()]
    low = rng.randrange(1, 2**31)
    pkt = layer(src=src, dst=dst) / UDP(sport=1, dport=2) / Raw(rng.randbytes(rng.randrange(100)))
    clear = bytes(pkt)
    answer = tool.ask("seal", mode, low - 1, *ours, clear.hex())
    opened = sa.decrypt(layer(bytes.fromhex(answer)))
    check(f"scapy opens {auth} {family} {mode}", bytes(opened).hex(), clear.hex())
    if family == 4 or auth == "hmac-sha1":
        sealed = bytes(sa.encrypt(layer(clear), seq_num=low))
        check(f"open scapy's {auth} {family} {mode}", tool.ask("open", mode, low - 1, *ours, sealed.hex()),
              clear.hex())


# ---- packets of a Linux kernel ----

LINUX = {"sha1-96": "hmac-sha1", "md5-96": "hmac-md5", "sha256-128": "hmac-sha256", "sha256-96": "hmac-sha256-96",
         "sha512-256": "hmac-sha512", "cmac-96": "aes-cmac-96"}


def against_linux(tool, folder, case):
    """Open every packet of a capture; what we make of the same inner packet is the same bytes again."""
    auth = LINUX[case["auth"]]
    key = re.search(r"auth-trunc '[^']*' 0x([0-9a-f]+)", case["cmd"]).group(1)
    seen = 0
    for pkt in rdpcap(os.path.join(folder, case["name"] + ".pcap")):
        layer = pkt.getlayer(IP) or pkt.getlayer(IPv6)
        if layer is None or AH not in pkt:
            continue
        raw = bytes(layer)
        spi, low = pkt[AH].spi, pkt[AH].seq
        ours = [auth, key, layer.src, layer.dst, spi, flags(align8=True)]
        clear = tool.ask("open", case["mode"], low - 1, *ours, raw.hex())
        if clear.startswith("drop"):
            sys.exit(f"{case['name']}: packet {seen}: {clear}")
        if case["mode"] == "transport":
            # Linux leaves what was there before in the padding behind the ICV, and authenticates it.
            again = bytes.fromhex(tool.ask("seal", "transport", low - 1, *ours, clear))
            size, at = MACS[auth][1], len(raw) - len(layer.payload) + 12
            pad = slice(at + size, at - 12 + (raw[at - 11] + 2) * 4)
            same = slice(0, None) if not any(raw[pad]) else slice(0, at)
            check(f"{case['name']}: sealed again", again[same].hex(), raw[same].hex())
            check(f"{case['name']}: payload again", again[pad.stop:].hex(), raw[pad.stop:].hex())
        seen += 1
    check(f"{case['name']}: packets", seen, case["pkts"])
    return seen


def main():
    seed = int(os.environ.get("SEED", time.time_ns()))
    print(f"ah: SEED={seed}")
    rng = random.Random(seed)
    with open(os.path.join(sys.argv[2], "cases.json"), encoding="utf-8") as f:
        cases = [c for c in json.load(f)["cases"] if c["proto"] == "ah"]
    for engine in ("direct", "aesni_mb", "openssl"):
        tool = Tool(sys.argv[1], engine)
        offered = tool.ask("algorithms").split()
        packets = 0
        for auth in offered:
            for number in range(60):
                against_model(tool, rng, auth, number)
        for auth in (a for a in SCAPY if a in offered):
            for family in (4, 6):
                for mode in ("transport", "tunnel"):
                    against_scapy(tool, rng, auth, family, mode)
        for case in (c for c in cases if LINUX[c["auth"]] in offered):
            packets += against_linux(tool, sys.argv[2], case)
        check(f"exit status of the tool with {engine}", tool.close(), 0)
        check("AH with HMAC-SHA1 is there", "hmac-sha1" in offered, True)
        print(f"{engine}: {' '.join(offered)}; {packets} packets of Linux")
        check("captures were opened", packets > 0, True)


if __name__ == "__main__":
    main()
