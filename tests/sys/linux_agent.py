#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Runs inside the Linux kernel of linux_peer.py, on its second console: a line of JSON says what to do, and one answers.
One process for everything, because to start one costs more there than what it does.
"""
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import time

PING_WAIT_S = 3.0


def shell(script):
    p = subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       check=False)
    return [p.stdout.decode(errors="replace"), p.returncode]


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo(s, six, size):
    """One ping on a raw socket. @return whether its answer came, byte for byte"""
    rest = os.urandom(4) + os.urandom(size)
    kind, answer = (128, 129) if six else (8, 0)
    sum_ = 0 if six else checksum(struct.pack(">BBH", kind, 0, 0) + rest)  # the kernel makes that of ICMPv6
    s.send(struct.pack(">BBH", kind, 0, sum_) + rest)
    end = time.monotonic() + PING_WAIT_S
    while (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            m = s.recv(65536)
        except TimeoutError:
            return False
        m = m if six else m[(m[0] & 15) * 4:]
        if m[0] == answer and m[4:] == rest:
            return True
    return False


def ping(address, source, sizes):
    """@return the sizes that were not answered"""
    six = ":" in address
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, 58 if six else 1) as s:
        if source:
            s.bind((source, 0))
        s.connect((address, 0))
        return [n for n in sizes if not echo(s, six, n)]


def tcp(address, port, source, size):
    """Send that much and read until the end. @return checksums of both"""
    data, back = os.urandom(100) * (size // 100), hashlib.sha256()  # IPComp shall find something to do
    with socket.create_connection((address, port), 20, (source, 0)) as s:
        s.settimeout(20)
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        while more := s.recv(65536):
            back.update(more)
    return [hashlib.sha256(data).hexdigest(), back.hexdigest()]


def udp_encap(port):
    """From now on the kernel takes ESP out of UDP that comes to this port."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", port))
    s.setsockopt(socket.IPPROTO_UDP, 100, 2)  # UDP_ENCAP, UDP_ENCAP_ESPINUDP
    KEPT.append(s)


KEPT = []
VERBS = {f.__name__: f for f in (shell, ping, tcp, udp_encap)}


def main():
    console = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
    lines = os.fdopen(os.dup(console), "rb")
    answer = ["ready", None]
    while True:
        out = json.dumps(answer).encode() + b"\n"
        while out:
            out = out[os.write(console, out[:512]):]
        line = lines.readline()
        if not line:
            return
        try:
            verb, args = json.loads(line)
            answer = ["ok", VERBS[verb](*args)]
        except Exception as e:  # whatever it is, the other side shall read it
            answer = ["error", f"{type(e).__name__}: {e}"]


if __name__ == "__main__":
    main()
