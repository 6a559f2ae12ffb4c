# SPDX-License-Identifier: BSD-2-Clause
"""What hosts send: pings and iperf3."""
import json
import os
import re
import socket
import struct
import subprocess
import time

from lab import wait_for

ADDRESS = {("host1", 4): "10.1.0.2", ("host1", 6): "fd00:1::2", ("host2", 4): "10.2.0.2", ("host2", 6): "fd00:2::2"}


def ping(lab, address, *options, host="host1", count=1, size=56, interval="0.02"):
    """ping(8), for its options and what it says. @return how many were answered, and what it printed"""
    p = lab.run(host, "ping", "-n", "-c", str(count), "-i", interval, "-W", "2", "-s", str(size), *options, address,
                check=False)
    m = re.search(r"(\d+) received", p.stdout)
    return (int(m.group(1)) if m else 0), p.stdout


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Echo:
    """Pings of our own: ping(8) gives up on the last packet as soon as the others' replies let it."""

    def __init__(self, lab, host, address, size):
        self.six = ":" in address
        args = (socket.AF_INET6, socket.SOCK_RAW, 58) if self.six else (socket.AF_INET, socket.SOCK_RAW, 1)
        self.socket = lab.socket(host, *args)
        self.socket.connect((address, 0))
        self.ident = os.urandom(2)
        self.payload = os.urandom(size)
        self.missing = set()

    def send(self, seq):
        rest = self.ident + struct.pack(">H", seq) + self.payload
        kind = 128 if self.six else 8
        sum_ = 0 if self.six else checksum(struct.pack(">BBH", kind, 0, 0) + rest)  # of ICMPv6 the kernel does it
        self.missing.add(seq)
        self.socket.send(struct.pack(">BBH", kind, 0, sum_) + rest)

    def receive(self, end):
        """Until all are answered, or the time is over."""
        while self.missing and time.monotonic() < end:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                m = self.socket.recv(65536)
            except (TimeoutError, OSError):  # an ICMP error is for others to look at
                continue
            m = m if self.six else m[(m[0] & 15) * 4:]
            if m[0] == (129 if self.six else 0) and m[4:6] == self.ident and m[8:] == self.payload:
                self.missing.discard(struct.unpack_from(">H", m, 6)[0])


def echo(lab, address, size=56, count=1, host="host1", interval=0.01, wait=2.0):
    """@return how many were answered, with what they carried"""
    e = Echo(lab, host, address, size)
    for seq in range(count):
        e.send(seq)
        if seq + 1 < count:
            e.receive(time.monotonic() + interval)
    e.receive(time.monotonic() + wait)
    e.socket.close()
    return count - len(e.missing)


def answered(lab, address, count=1, **kw):
    n = echo(lab, address, count=count, **kw)
    assert n == count, f"{n} of {count} pings of {address} answered: {kw}"


def serve(lab, host="host2"):
    p = lab.popen(host, "iperf3", "-s", "-1", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("the iperf3 server", lambda: ":5201" in lab.run(host, "ss", "-Hltn").stdout)
    return p


def iperf(lab, family, *options, seconds=1):
    """host1 to host2. @return the "end" of its JSON"""
    server = serve(lab)
    try:
        p = lab.run("host1", "iperf3", "-c", ADDRESS["host2", family], "-t", str(seconds), "-J", *options,
                    timeout=seconds + 30, check=False)
        reply = json.loads(p.stdout)
        assert "error" not in reply, reply["error"]
        return reply["end"]
    finally:
        server.kill()
        server.wait()


def tcp_both_ways(lab, family):
    end = iperf(lab, family, "--bidir")
    for way in ("sum_received", "sum_received_bidir_reverse"):
        assert end[way]["bits_per_second"] > 1e6, f"{way}: {end[way]}"


def udp_both_ways(lab, family):
    """1200 bytes of payload: smaller than every tunnel's path MTU."""
    end = iperf(lab, family, "--bidir", "-u", "-b", "10M", "-l", "1200")
    for way in ("sum", "sum_bidir_reverse"):
        assert end[way]["packets"] > 300 and end[way]["lost_percent"] < 5, f"{way}: {end[way]}"
