# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 packets as bytes, and the two tunnel end points."""
import struct

NEAR, FAR = "192.0.2.1", "192.0.2.2"  # ours and the peer's


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
