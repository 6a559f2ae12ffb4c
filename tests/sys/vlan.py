# SPDX-License-Identifier: BSD-2-Clause
"""A host's end of a VLAN without the kernel's 8021q module, which not every kernel has: a thread does the tags."""
import selectors
import socket
import struct
import threading

from lab import command

SOL_PACKET = 263
PACKET_AUXDATA = 8
VLAN_VALID = 1 << 4
ETH_P_ALL = 3


class VlanEnd:
    """
    Interface v<id> of the host; its frames travel tagged on eth0. Its Ethernet address is the same each time, because
    gateways do not believe in a new one that comes a moment after the old.
    """

    def __init__(self, lab, host, vid):
        self.ip = ["ip", "-n", lab.ns(host)]
        self.dev = f"v{vid}"
        self.tag = struct.pack(">HH", 0x8100, vid)
        self.vid = vid
        inner = self.dev + "-tag"
        command(*self.ip, "link", "add", "name", self.dev, "address", f"02:00:00:00:64:0{host[-1]}", "type", "veth",
                "peer", "name", inner)
        lab.sysctl(host, **{f"net.ipv6.conf.{inner}.disable_ipv6": "1"})
        for d in (self.dev, inner):
            lab.run(host, "ethtool", "-K", d, "tx", "off", "sg", "off", "tso", "off", "gso", "off", "gro", "off")
            command(*self.ip, "link", "set", d, "up")
        self.clear, self.tagged = (lab.packet_socket(host, d, ETH_P_ALL) for d in (inner, "eth0"))
        # The kernel takes tags off before a packet socket sees the frame, and tells them apart from it.
        self.tagged.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.wake, self.waker = socket.socketpair()
        self.thread = threading.Thread(target=self._carry)
        self.thread.start()

    def _carry(self):
        with selectors.DefaultSelector() as s:
            for sock in (self.clear, self.tagged, self.wake):
                s.register(sock, selectors.EVENT_READ)
            while True:
                for key, _ in s.select():
                    if key.fileobj is self.wake:
                        return
                    self._frame(key.fileobj)

    def _frame(self, sock):
        frame, aux, _, addr = sock.recvmsg(2048, 64)
        if addr[2] == socket.PACKET_OUTGOING:
            return
        if sock is self.clear:
            self.tagged.send(frame[:12] + self.tag + frame[12:])
            return
        for level, kind, data in aux:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, tci = struct.unpack_from("=I12xH", data)
                if status & VLAN_VALID and tci & 0xFFF == self.vid:
                    self.clear.send(frame)

    def address(self, prefix):
        command(*self.ip, "addr", "add", prefix, "dev", self.dev, *(["nodad"] if ":" in prefix else []))

    def route(self, to, via):
        command(*self.ip, "route", "add", to, "via", via)

    def close(self):
        self.waker.send(b"x")
        self.thread.join()
        for s in (self.clear, self.tagged, self.wake, self.waker):
            s.close()
        command(*self.ip, "link", "del", self.dev)
