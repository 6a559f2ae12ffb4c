# SPDX-License-Identifier: BSD-2-Clause
"""Protect and open packets as a right peer does, in every form that is measured (RFC 4302, 4303, 3948, 3173).

An opened packet comes with a complaint instead when something about it is wrong.
"""
import hashlib
import hmac
import struct
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

from ip4 import FAR, NEAR, address, checksum, ip4

AEADS = {"gcm": AESGCM, "chacha": ChaCha20Poly1305, "ccm": lambda key: AESCCM(key, tag_length=16)}
ESP, AH, IPCOMP, UDP, IPIP = 50, 51, 108, 17, 4
AH_SPI = 0x100000  # AH around ESP: added to the SPI of the ESP SA
PORTS = struct.pack("!HH", 4500, 4500)
CPI_DEFLATE = 2
SHA256_LEN = 16  # bytes of the ICV of AH around ESP


class Wrong(Exception):
    """Why a packet is not what a right gateway would send."""


def pad_esp(alg, data, proto):
    n = -(len(data) + 2) % alg.block
    return data + bytes(range(1, n + 1)) + bytes((n, proto))


def seal(sa, data, proto):
    alg = sa.alg
    sa.seq += 1
    head = struct.pack("!II", sa.spi, sa.seq)
    plain = pad_esp(alg, data, proto)
    iv = hashlib.shake_256(head).digest(alg.iv_len)
    if alg.aead:
        key, salt = sa.enc[:-alg.salt_len], sa.enc[-alg.salt_len:]
        return head + iv + AEADS[alg.aead](key).encrypt(salt + iv, plain, head)
    enc = Cipher(algorithms.AES(sa.enc), modes.CBC(iv)).encryptor()
    body = head + iv + enc.update(plain) + enc.finalize()
    return body + hmac.digest(sa.auth, body, alg.auth)[:alg.icv_len]


def decrypt(sa, esp):
    alg = sa.alg
    head, iv, rest = esp[:8], esp[8:8 + alg.iv_len], esp[8 + alg.iv_len:]
    try:
        if alg.aead:
            key, salt = sa.enc[:-alg.salt_len], sa.enc[-alg.salt_len:]
            return AEADS[alg.aead](key).decrypt(salt + iv, rest, head)
        if hmac.digest(sa.auth, esp[:-alg.icv_len], alg.auth)[:alg.icv_len] != esp[-alg.icv_len:]:
            raise Wrong("a packet does not authenticate")
        dec = Cipher(algorithms.AES(sa.enc), modes.CBC(iv)).decryptor()
        return dec.update(rest[:-alg.icv_len]) + dec.finalize()
    except (InvalidTag, ValueError) as e:
        raise Wrong("a packet does not authenticate") from e


def unseal(sa, esp):
    """Returns data and its protocol."""
    plain = decrypt(sa, esp)
    n = plain[-2]
    if len(plain) < n + 2 or plain[-2 - n:-2] != bytes(range(1, n + 1)):
        raise Wrong("the padding of a packet is wrong")
    return plain[:-2 - n], plain[-1]


def reform(packet, proto, data):
    """The same header in front of other data."""
    head = packet[:2] + struct.pack("!H", 20 + len(data)) + packet[4:9] + bytes((proto,)) + b"\0\0" + packet[12:20]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def masked(packet):
    """What AH takes as 0: TOS, fragment word, TTL, checksum (RFC 4302 3.3.3.1.1)."""
    return packet[:1] + b"\0" + packet[2:6] + b"\0\0\0" + packet[9:10] + b"\0\0" + packet[12:]


def ah_icv(sa, auth_alg, packet):
    """ICV of a whole IPv4 packet without options whose ICV field is at its place."""
    name, _, icv_len = auth_alg
    zeroed = packet[:32] + bytes(icv_len) + packet[32 + icv_len:]
    return hmac.digest(sa.auth, masked(zeroed), name)[:icv_len]


def mac_of(alg):
    return alg.auth, alg.auth_len, alg.icv_len if alg.shape == "ah" else SHA256_LEN


def ah_put(sa, spi, packet, data, proto):
    sa.seq += 1
    mac = mac_of(sa.alg)
    head = struct.pack("!BBHII", proto, (12 + mac[2]) // 4 - 2, 0, spi, sa.seq)
    whole = reform(packet, AH, head + bytes(mac[2]) + data)
    return whole[:32] + ah_icv(sa, mac, whole) + whole[32 + mac[2]:]


def ah_take(sa, packet):
    """Returns data and its protocol."""
    mac = mac_of(sa.alg)
    if packet[21] != (12 + mac[2]) // 4 - 2:
        raise Wrong("the AH length is wrong")
    if ah_icv(sa, mac, packet) != packet[32:32 + mac[2]]:
        raise Wrong("a packet does not authenticate")
    return packet[32 + mac[2]:], packet[20]


def deflate(data):
    c = zlib.compressobj(wbits=-15)
    return c.compress(data) + c.flush()


def compressed(packet):
    """IPComp as a tunnel: header and data, or the packet itself when that is not shorter; and its protocol."""
    data = struct.pack("!BBH", IPIP, 0, CPI_DEFLATE) + deflate(packet)
    return (data, IPCOMP) if len(packet) >= 90 and len(data) < len(packet) else (packet, IPIP)


def protect(cell, sa, packet):
    """What the peer sends for an inner packet."""
    near, far = address(NEAR), address(FAR)
    src, dst = (far, near) if cell.path == "inbound" else (near, far)
    shape = sa.alg.shape
    if shape == "transport":
        return reform(packet, ESP, seal(sa, packet[20:], packet[9]))
    if shape == "udp":
        esp = seal(sa, packet, IPIP)
        return ip4(src, dst, UDP, PORTS + struct.pack("!HH", 8 + len(esp), 0) + esp)
    outer = ip4(src, dst, ESP, b"")
    if shape == "ah":
        return ah_put(sa, sa.spi, outer, packet, IPIP)
    if shape == "ipcomp":
        return reform(outer, ESP, seal(sa, *compressed(packet)))
    esp = seal(sa, packet, IPIP)
    if shape == "esp+ah":
        sa.seq -= 1  # both headers carry the same number
        return ah_put(sa, sa.spi + AH_SPI, outer, esp, ESP)
    return reform(outer, ESP, esp)


def find(by_spi, spi_bytes, offset=0):
    sa = by_spi.get(struct.unpack("!I", spi_bytes)[0] - offset)
    if sa is None:
        raise Wrong("a packet left without an SA of ours")
    return sa


def iv_of(cell, packet):
    """The IV of a protected packet, b"" when it has none."""
    at = {"udp": 36, "ah": None, "esp+ah": 20 + 12 + SHA256_LEN + 8}.get(cell.alg.shape, 28)
    return packet[at:at + cell.alg.iv_len] if at else b""


def unprotect(cell, by_spi, packet):
    """The inner packet of what a gateway sent. Raises Wrong."""
    shape = cell.alg.shape
    want = {"udp": UDP, "ah": AH, "esp+ah": AH}.get(shape, ESP)
    if packet[9] != want:
        raise Wrong("a packet left without protection")
    if shape != "transport" and packet[12:20] != address(NEAR) + address(FAR):
        raise Wrong("the tunnel addresses are wrong")
    if shape == "ah":
        data, proto = ah_take(find(by_spi, packet[24:28]), packet)
    elif shape == "esp+ah":
        data, proto = ah_take(find(by_spi, packet[24:28], AH_SPI), packet)
        if proto != ESP:
            raise Wrong("there is no ESP behind AH")
        data, proto = unseal(find(by_spi, data[:4]), data)
    elif shape == "udp":
        if packet[20:24] != PORTS or struct.unpack("!H", packet[24:26])[0] != len(packet) - 20:
            raise Wrong("the UDP header is wrong")
        data, proto = unseal(find(by_spi, packet[28:32]), packet[28:])
    else:
        data, proto = unseal(find(by_spi, packet[20:24]), packet[20:])
    if shape == "transport":
        return reform(packet, proto, data)
    if proto == IPCOMP:
        if data[:4] != struct.pack("!BBH", IPIP, 0, CPI_DEFLATE):
            raise Wrong("the IPComp header is wrong")
        return zlib.decompressobj(wbits=-15).decompress(data[4:])
    if proto != IPIP:
        raise Wrong("what is protected is not an IPv4 packet")
    return data
