# SPDX-License-Identifier: BSD-2-Clause
"""Packets and keys: what goes into the measured port, and what has to come out of it.

Nothing here uses the code under test: protect.py seals and opens with python3-cryptography.
"""
import hashlib
import random
import struct
from dataclasses import dataclass, field

import protect
from ip4 import FAR, NEAR, address, blank, checksum, ip4  # noqa: F401: FAR and NEAR are for others too

GW_MAC = bytes.fromhex("027063617000")  # net_pcap names its first port so: 02 p c a p 00
HOST_MAC = bytes.fromhex("020000000001")
LOCAL, REMOTE = "10.1.0.0/16", "10.2.0.0/16"
SPI_BASE = 0x1000
FLOWS = 64  # through one SA; with more SAs each has one flow
IMIX = [64] * 7 + [594] * 4 + [1420]


@dataclass(frozen=True)
class Alg:
    """What a line of the table protects with: the algorithms, and the form of the packet (SHAPES)."""
    name: str
    title: str
    enc_len: int  # key bytes, with the salt of an AEAD; 0 = nothing is encrypted
    auth: str  # hashlib's name, or ""
    auth_len: int
    icv_len: int
    secgw: str  # how the SA line of ipsec-secgw says it; "" = it cannot do this
    setkey: str
    device: str  # the cryptodev driver that ipsec-secgw and look-aside use
    aead: str = ""  # "gcm", "chacha", "ccm"
    shape: str = "tunnel"
    raw: str = ""  # as bench_raw knows the cipher; "" = by name

    @property
    def is_extra(self):
        """Measured with one SA and three sizes only, unless asked for."""
        return self.shape != "tunnel" or self.aead in ("chacha", "ccm")

    @property
    def salt_len(self):
        return {"": 0, "ccm": 3}.get(self.aead, 4)

    @property
    def block(self):
        return 4 if self.aead or not self.enc_len else 16

    @property
    def iv_len(self):
        return 8 if self.aead else 16 if self.enc_len else 0


GCM128 = ("aead_algo aes-128-gcm aead_key {e}", "-E aes-gcm-16 {E}", "crypto_aesni_gcm", "gcm")
SHA256 = ("sha256", 32, 16)
ALGS = {a.name: a for a in (
    Alg("gcm128", "AES-128-GCM", 20, "", 0, 16, *GCM128),
    Alg("gcm256", "AES-256-GCM", 36, "", 0, 16, "aead_algo aes-256-gcm aead_key {e}",
        "-E aes-gcm-16 {E}", "crypto_aesni_gcm", "gcm"),
    Alg("cbc-sha1", "AES-128-CBC HMAC-SHA1", 16, "sha1", 20, 12,
        "cipher_algo aes-128-cbc cipher_key {e} auth_algo sha1-hmac auth_key {a}",
        "-E aes-cbc {E} -A hmac-sha1 {A}", "crypto_aesni_mb"),
    Alg("cbc-sha256", "AES-256-CBC HMAC-SHA256", 32, *SHA256,
        "cipher_algo aes-256-cbc cipher_key {e} auth_algo sha256-hmac auth_key {a}",
        "-E aes-cbc {E} -A hmac-sha2-256 {A}", "crypto_aesni_mb"),
    Alg("chacha", "ChaCha20-Poly1305", 36, "", 0, 16, "aead_algo chacha20-poly1305 aead_key {e}",
        "-E chacha20-poly1305 {E}", "crypto_aesni_mb", "chacha"),
    Alg("ccm128", "AES-128-CCM", 19, "", 0, 16, "", "-E aes-ccm-16 {E}", "crypto_aesni_mb", "ccm"),
    Alg("gcm128-trn", "AES-128-GCM transport", 20, "", 0, 16, "", *GCM128[1:], "transport", "gcm128"),
    Alg("gcm128-udp", "AES-128-GCM in UDP", 20, "", 0, 16, "", *GCM128[1:], "udp", "gcm128"),
    Alg("ah-sha1", "AH HMAC-SHA1", 0, "sha1", 20, 12, "", "-A hmac-sha1 {A}", "crypto_aesni_mb",
        shape="ah"),
    Alg("ah-sha256", "AH HMAC-SHA256", 0, *SHA256, "", "-A hmac-sha2-256 {A}", "crypto_aesni_mb",
        shape="ah"),
    Alg("gcm128-ah", "AES-128-GCM + AH HMAC-SHA256", 20, *SHA256, "", "-E aes-gcm-16 {E}",
        "crypto_aesni_mb", "gcm", "esp+ah", "none"),
    Alg("ipcomp", "DEFLATE + AES-128-GCM", 20, "", 0, 16, "", *GCM128[1:], "ipcomp", "none"),
)}


@dataclass(frozen=True)
class Cell:
    """One line of the table."""
    path: str  # "forward", "outbound", "inbound"
    alg: Alg
    sas: int  # 0 when forwarding
    size: object  # bytes of the plain frame without FCS, or "IMIX"

    @property
    def sizes(self):
        return IMIX if self.size == "IMIX" else [self.size]


@dataclass
class Sa:
    index: int
    alg: Alg
    seq: int = 0
    enc: bytes = b""
    auth: bytes = b""

    def __post_init__(self):
        seed = f"{self.alg.name} {self.index} ".encode()
        self.enc = hashlib.shake_256(seed + b"e").digest(self.alg.enc_len)
        self.auth = hashlib.shake_256(seed + b"a").digest(self.alg.auth_len)

    @property
    def spi(self):
        return SPI_BASE + self.index


@dataclass
class Traffic:
    frames: list  # what the port receives
    inner: set  # the IPv4 packets that travel, with TTL and checksum blanked
    sas: list = field(default_factory=list)


def ethernet(packet):
    return GW_MAC + HOST_MAC + b"\x08\x00" + packet


def flow_address(net, index):
    return bytes((10, net, index >> 8, index & 255))


def inner_packet(cell, index, size):
    """Flow number index: with many SAs its far address chooses the SA; transport mode has one pair of hosts."""
    near, far = flow_address(1, index % 251 + 1), flow_address(2, index)
    if cell.alg.shape == "transport":
        near, far = flow_address(1, 1), flow_address(2, 0)
    length = size - 14 - 20
    data = struct.pack("!HHHH", 1024 + index, 5500 + index % 7, length, 0)
    data += bytes((index + i) & (15 if cell.alg.shape == "ipcomp" else 255) for i in range(length - 8))
    src, dst = (far, near) if cell.path == "inbound" else (near, far)
    return ip4(src, dst, 17, data)


def cipher_len(alg, size):
    """Bytes that the cipher sees for a plain frame of this size; AH hashes its own headers as well."""
    if not alg.enc_len:
        return size - 14 + 20 + 12 + alg.icv_len
    return -(-(size - 14 + 2) // alg.block) * alg.block


def make(cell):
    """All packets of a cell, in a random but repeatable order, so that SAs in a burst are not neighbours."""
    rng = random.Random(f"{cell.path} {cell.alg.name} {cell.sas} {cell.size}")
    flows = cell.sas if cell.sas > 1 else FLOWS
    order = list(range(flows)) * (1 if flows >= 256 else 256 // flows)
    rng.shuffle(order)
    sas = [Sa(i, cell.alg) for i in range(cell.sas)]
    out = Traffic([], set(), sas)
    for n, index in enumerate(order):
        packet = inner_packet(cell, index, cell.sizes[n % len(cell.sizes)])
        out.inner.add(blank(packet))
        if cell.path == "inbound":
            packet = protect.protect(cell, sas[index % cell.sas], packet)
        out.frames.append(ethernet(packet))
    return out


def write_pcap(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def check(cell, traffic, frames):
    """Judge what a contestant sent. Returns (problem or None, remark or None)."""
    by_spi = {sa.spi: sa for sa in traffic.sas}
    good, ivs, wrong = 0, set(), None
    for frame in frames:
        packet = frame[14:]
        if frame[12:14] != b"\x08\x00" or packet[9] not in (17, 50, 51):
            continue  # ARP and the like
        packet = packet[:struct.unpack("!H", packet[2:4])[0]]
        if checksum(packet[:20]) != 0:
            wrong = "the IPv4 header checksum is wrong"
        try:
            if cell.path == "outbound":
                ivs.add(protect.iv_of(cell, packet))
                packet = protect.unprotect(cell, by_spi, packet)
        except protect.Wrong as e:
            wrong = str(e)
            continue
        if blank(packet) not in traffic.inner:
            wrong = "a packet is not one of those sent"
            continue
        good += 1
    if wrong is None and good < len(frames) // 2:
        wrong = f"only {good} of {len(frames)} captured packets are traffic"
    remark = None
    if cell.path == "outbound" and not cell.alg.aead and cell.alg.iv_len and len(ivs) == 1 and good > 1:
        remark = "sends the same IV in every packet"
    return wrong, remark
