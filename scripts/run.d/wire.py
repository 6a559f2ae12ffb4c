# SPDX-License-Identifier: BSD-2-Clause
"""What went over the wan: captured by tcpdump, sorted by what it is."""
import collections
import os
import signal
import struct
import subprocess
import time

from lab import LabError, wait_for

IPPROTO_ESP = 50
NOT_ESP = "not proto 50 and not arp and not ip6"  # for tcpdump, where all traffic is IPv4 and should be ESP
ND_TYPES = range(133, 138)  # RFC 4861: solicitations, advertisements, redirect


def ip6_kind(packet):
    nxt = packet[6]
    if nxt == IPPROTO_ESP:
        return "ESP"
    if nxt == 58 and len(packet) > 40 and packet[40] in ND_TYPES:
        return "neighbour discovery"
    return f"clear IPv6, next header {nxt}"


def kind(frame):
    """Of one Ethernet frame; everything that should not be there begins with "clear"."""
    etype, = struct.unpack_from(">H", frame, 12)
    if etype == 0x0806:
        return "ARP"
    if etype == 0x0800 and len(frame) >= 34:
        return "ESP" if frame[23] == IPPROTO_ESP else f"clear IPv4, protocol {frame[23]}"
    if etype == 0x86DD and len(frame) >= 54:
        return ip6_kind(frame[14:])
    return f"clear frame of type {etype:#06x}"


def frames_of(path):
    """The frames of a pcap file as tcpdump on this machine writes it."""
    with open(path, "rb") as f:
        data = f.read()
    if len(data) < 24 or struct.unpack_from("=I", data)[0] not in (0xA1B2C3D4, 0xA1B23C4D):
        raise LabError(f"{path} is not a capture")
    frames, at = [], 24
    while at + 16 <= len(data):
        n, = struct.unpack_from("=I", data, at + 8)
        frames.append(data[at + 16:at + 16 + n])
        at += 16 + n
    return frames


class Capture:
    """tcpdump on the wan side of a gateway's link, both directions."""

    def __init__(self, lab, dev="gw1", expression="", snaplen=96):
        self.path = f"{lab.dir}/{dev}-{time.monotonic_ns()}.pcap"
        self.log = open(self.path + ".log", "w+", encoding="utf-8")
        # Big buffers and no names: a capture that loses packets proves nothing.
        # Immediately: what waits in the kernel for its batch to fill is lost when tcpdump stops.
        self.process = lab.popen("wan", "tcpdump", "-i", dev, "-n", "-U", "--immediate-mode", "-B", "16384", "-s",
                                 str(snaplen), "-Z", "root", "-w", self.path, *expression.split(), stdout=self.log,
                                 stderr=subprocess.STDOUT)
        wait_for("tcpdump", lambda: self._said("listening") or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise LabError(f"tcpdump does not run: {self._text()}")

    def _text(self):
        with open(self.log.name, encoding="utf-8") as f:
            return f.read()

    def _said(self, word):
        return word in self._text()

    def stop(self):
        """@return the frames"""
        time.sleep(0.15)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        text = self._text()
        self.log.close()
        if "\n0 packets dropped by kernel" not in text:
            raise LabError(f"the capture is not complete: {text}")
        frames = frames_of(self.path)
        os.unlink(self.path)
        os.unlink(self.path + ".log")
        return frames

    def kinds(self):
        """Stop. @return how many frames of each kind"""
        return collections.Counter(kind(f) for f in self.stop())


def clear(kinds):
    """Of such a count, what should not be on the wan."""
    return {k: n for k, n in kinds.items() if k.startswith("clear")}
