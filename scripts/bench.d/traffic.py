# SPDX-License-Identifier: BSD-2-Clause
"""Packets and keys: what goes into the measured port, and what has to come out of it.

Nothing here uses the code under test: ESP is sealed and opened with python3-cryptography.
"""
import hashlib
import hmac
import random
import struct
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

GW_MAC = bytes.fromhex("027063617000")  # net_pcap names its first port so: 02 p c a p 00
HOST_MAC = bytes.fromhex("020000000001")
NEAR, FAR = "192.0.2.1", "192.0.2.2"  # tunnel end points: ours and the peer's
LOCAL, REMOTE = "10.1.0.0/16", "10.2.0.0/16"
SPI_BASE = 0x1000
FLOWS = 64  # through one SA; with more SAs each has one flow
IMIX = [64] * 7 + [594] * 4 + [1420]


@dataclass(frozen=True)
class Alg:
    name: str  # as bench_raw knows it
    title: str
    enc_len: int  # key bytes, with the salt of GCM
    auth: str  # hashlib's name, or ""
    auth_len: int
    icv_len: int
    secgw: str  # how the SA line of ipsec-secgw says it
    setkey: str
    device: str  # the cryptodev driver that ipsec-secgw and look-aside use

    @property
    def is_gcm(self):
        return not self.auth

    @property
    def block(self):
        return 4 if self.is_gcm else 16

    @property
    def iv_len(self):
        return 8 if self.is_gcm else 16


ALGS = {a.name: a for a in (
    Alg("gcm128", "AES-128-GCM", 20, "", 0, 16, "aead_algo aes-128-gcm aead_key {e}",
        "-E aes-gcm-16 {E}", "crypto_aesni_gcm"),
    Alg("gcm256", "AES-256-GCM", 36, "", 0, 16, "aead_algo aes-256-gcm aead_key {e}",
        "-E aes-gcm-16 {E}", "crypto_aesni_gcm"),
    Alg("cbc-sha1", "AES-128-CBC HMAC-SHA1", 16, "sha1", 20, 12,
        "cipher_algo aes-128-cbc cipher_key {e} auth_algo sha1-hmac auth_key {a}",
        "-E aes-cbc {E} -A hmac-sha1 {A}", "crypto_aesni_mb"),
    Alg("cbc-sha256", "AES-256-CBC HMAC-SHA256", 32, "sha256", 32, 16,
        "cipher_algo aes-256-cbc cipher_key {e} auth_algo sha256-hmac auth_key {a}",
        "-E aes-cbc {E} -A hmac-sha2-256 {A}", "crypto_aesni_mb"),
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


def address(text):
    return bytes(int(x) for x in text.split("."))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def ip4(src, dst, proto, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0, src, dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def blank(packet):
    """A gateway lowers the TTL or does not; all else of the packet stays."""
    return packet[:8] + b"\0" + packet[9:10] + b"\0\0" + packet[12:]


def ethernet(packet):
    return GW_MAC + HOST_MAC + b"\x08\x00" + packet


def flow_address(net, index):
    return bytes((10, net, index >> 8, index & 255))


def inner_packet(cell, index, size):
    """Flow number index: with many SAs its far address chooses the SA."""
    near, far = flow_address(1, index % 251 + 1), flow_address(2, index)
    length = size - 14 - 20
    data = struct.pack("!HHHH", 1024 + index, 4500 + index % 7, length, 0)
    data += bytes((index + i) & 255 for i in range(length - 8))
    src, dst = (far, near) if cell.path == "inbound" else (near, far)
    return ip4(src, dst, 17, data)


def pad_esp(alg, packet):
    n = -(len(packet) + 2) % alg.block
    return packet + bytes(range(1, n + 1)) + bytes((n, 4))


def cipher_len(alg, size):
    """Bytes that the cipher sees for a plain frame of this size."""
    return -(-(size - 14 + 2) // alg.block) * alg.block


def seal(sa, packet):
    sa.seq += 1
    head = struct.pack("!II", sa.spi, sa.seq)
    plain = pad_esp(sa.alg, packet)
    iv = hashlib.shake_256(head).digest(sa.alg.iv_len)
    if sa.alg.is_gcm:
        return head + iv + AESGCM(sa.enc[:-4]).encrypt(sa.enc[-4:] + iv, plain, head)
    enc = Cipher(algorithms.AES(sa.enc), modes.CBC(iv)).encryptor()
    body = head + iv + enc.update(plain) + enc.finalize()
    return body + hmac.digest(sa.auth, body, sa.alg.auth)[:sa.alg.icv_len]


def unseal(sa, esp):
    """The inner packet, or None if the ICV or the padding is wrong."""
    alg = sa.alg
    head, iv = esp[:8], esp[8:8 + alg.iv_len]
    try:
        if alg.is_gcm:
            plain = AESGCM(sa.enc[:-4]).decrypt(sa.enc[-4:] + iv, esp[8 + alg.iv_len:], head)
        else:
            body, icv = esp[:-alg.icv_len], esp[-alg.icv_len:]
            if hmac.digest(sa.auth, body, alg.auth)[:alg.icv_len] != icv:
                return None
            dec = Cipher(algorithms.AES(sa.enc), modes.CBC(iv)).decryptor()
            plain = dec.update(body[8 + alg.iv_len:]) + dec.finalize()
    except (InvalidTag, ValueError):
        return None
    n = plain[-2]
    return plain[:-2 - n] if plain[-1] == 4 and plain[-2 - n:-2] == bytes(range(1, n + 1)) else None


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
            esp = seal(sas[index % cell.sas], packet)
            packet = ip4(address(FAR), address(NEAR), 50, esp)
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
        if frame[12:14] != b"\x08\x00" or packet[9] not in (17, 50):
            continue  # ARP and the like
        packet = packet[:struct.unpack("!H", packet[2:4])[0]]
        if checksum(packet[:20]) != 0:
            wrong = "the IPv4 header checksum is wrong"
        if cell.path == "outbound":
            sa = by_spi.get(struct.unpack("!I", packet[20:24])[0])
            if packet[9] != 50 or sa is None:
                wrong = "a packet left without ESP of a known SA"
                continue
            if packet[12:20] != address(NEAR) + address(FAR):
                wrong = "the tunnel addresses are wrong"
            ivs.add(packet[28:28 + cell.alg.iv_len])
            packet = unseal(sa, packet[20:])
            if packet is None:
                wrong = "a packet does not authenticate"
                continue
        if blank(packet) not in traffic.inner:
            wrong = "a packet is not one of those sent"
            continue
        good += 1
    if wrong is None and good < len(frames) // 2:
        wrong = f"only {good} of {len(frames)} captured packets are traffic"
    remark = None
    if cell.path == "outbound" and not cell.alg.is_gcm and len(ivs) == 1 and good > 1:
        remark = "sends the same IV in every packet"
    return wrong, remark
