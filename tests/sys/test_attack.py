# SPDX-License-Identifier: BSD-2-Clause
"""A stranger on the wan: nothing of his passes, each packet is counted under its reason, and the tunnel goes on."""
import random
import struct
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from setkey import policies, sas, tunnel
from traffic import ADDRESS, answered, echo
from wire import Capture, kind

ETH, IP4 = 14, 20
ESP_AT = ETH + IP4  # SPI, sequence number, IV, ...
ICV = 16
# The hosts' kernels report their multicast groups (MLD) when they like; that is not the stranger's.
NOISE = {"icmp.ignored", "ip.multicast"}


class Stranger:
    """Sends to gw2, sees what gw1 sends, can keep that from gw2, and counts what gw2 makes of it."""

    def __init__(self, lab, pair):
        self.lab = lab
        self.gw = pair.gw2
        self.socket = lab.packet_socket("wan", "gw2")

    def close(self):
        self.attach(True)
        self.socket.close()

    def attach(self, on):
        self.lab.run("wan", "ip", "link", "set", "gw2", *(["master", "bridge0"] if on else ["nomaster"]))

    def capture(self, n, deliver=True, inner=4):
        """ESP frames of n pings, seen by gw2 or not."""
        self.attach(deliver)
        c = Capture(self.lab, snaplen=2048)
        got = echo(self.lab, ADDRESS["host2", inner], count=n, wait=2 if deliver else 0.1)
        assert got == (n if deliver else 0)
        # Everything after this comes from the stranger alone.
        self.attach(True)
        frames = [f for f in c.stop() if kind(f) == "ESP"]
        mac = self.gw.stats()["ports"][1]["mac"]
        frames = [f for f in frames if f[:6] == bytes.fromhex(mac.replace(":", ""))]
        assert len(frames) == n
        return frames

    def send(self, frames):
        for f in frames:
            self.socket.send(f)

    def arrived(self):
        """Echo requests and datagrams that host2 has seen; not what its neighbours need."""
        total = 0
        names, values = [], []
        for line in self.lab.run("host2", "cat", "/proc/net/snmp").stdout.splitlines():
            names, values = values, line.split()
            if names and names[0] == values[0] and not values[1].isalpha():
                total += sum(int(v) for n, v in zip(names, values) if n in ("InEchos", "InDatagrams", "NoPorts"))
        for line in self.lab.run("host2", "cat", "/proc/net/snmp6").stdout.splitlines():
            name, value = line.split()
            total += int(value) if name in ("Icmp6InEchos", "Udp6InDatagrams", "Udp6NoPorts") else 0
        return total

    def settled(self):
        """Drops, packets of inbound SAs and packets that host2 got, when they no longer change."""
        last = None
        while True:
            s = self.gw.stats()
            now = (s["drops"], sum(sa["packets"] for sa in s["sas"] if sa["dir"] == "in"), self.arrived())
            if now == last:
                return now
            last = now
            time.sleep(0.05)

    def expect(self, frames, reasons):
        """All of them dropped, under one of the reasons. @return how many under each"""
        before, sa_before, host_before = self.settled()
        self.send(frames)
        time.sleep(0.05)
        after, sa_after, host_after = self.settled()
        new = {r: n - before.get(r, 0) for r, n in after.items() if n != before.get(r, 0) and r not in NOISE}
        assert set(new) <= set(reasons), new
        assert sum(new.values()) == len(frames), (new, self.gw.stats()["ports"])
        assert sa_after == sa_before and host_after == host_before, "something passed"
        return new


@pytest.fixture
def stranger(lab, pair):
    pair.load(tunnel(options="-window 64"))
    answered(lab, ADDRESS["host2", 4], count=2)
    it = Stranger(lab, pair)
    yield it
    it.close()
    answered(lab, ADDRESS["host2", 4], count=3)
    answered(lab, ADDRESS["host2", 6], count=3)


@pytest.fixture
def rng():
    seed = time.time_ns()
    print(f"seed {seed}")
    return random.Random(seed)


def flipped(frame, at, bit):
    return frame[:at] + bytes([frame[at] ^ (1 << bit)]) + frame[at + 1:]


def with_ip_length(frame):
    """Total length and checksum of the outer IPv4 header put right for what is there."""
    header = IP(frame[ETH:ETH + IP4])
    header.len = len(frame) - ETH
    del header.chksum
    return frame[:ETH] + bytes(header)[:IP4] + frame[ETH + IP4:]


def test_replay(stranger, lab):
    frames = stranger.capture(10)
    assert stranger.expect(frames, ["sec.replay_dup"]) == {"sec.replay_dup": 10}
    answered(lab, ADDRESS["host2", 4], count=100, interval=0.002)
    assert stranger.expect(frames, ["sec.replay_old"]) == {"sec.replay_old": 10}


def test_unknown_spi(stranger, rng):
    frames = [f[:ESP_AT] + struct.pack(">I", rng.randrange(0x2000, 1 << 32)) + f[ESP_AT + 4:]
              for f in stranger.capture(20, deliver=False)]
    assert stranger.expect(frames, ["sec.no_sa"]) == {"sec.no_sa": 20}


def test_bit_flips(stranger, rng):
    """Sequence number, IV, ciphertext, ICV: each bit counts, and none of it harms the packets that come after."""
    frames = stranger.capture(4, deliver=False)
    broken = []
    for f in frames:
        places = [*range(ESP_AT + 4, ESP_AT + 16), *range(len(f) - ICV, len(f))]
        places += rng.sample(range(ESP_AT + 16, len(f) - ICV), 40)
        broken += [flipped(f, at, rng.randrange(8)) for at in places]
    # A smaller sequence number may have been seen, or be left of the window.
    new = stranger.expect(broken, ["sec.auth", "sec.replay_dup", "sec.replay_old", "sec.seq_zero"])
    assert new["sec.auth"] >= len(frames) * (8 + 40 + ICV)
    _, before, _ = stranger.settled()
    stranger.send(frames)
    time.sleep(0.05)
    _, after, _ = stranger.settled()
    assert after == before + len(frames), "forged packets have moved the window"


def test_outer_header_flips(stranger):
    frames = stranger.capture(1, deliver=False) * (IP4 * 8)
    broken = [flipped(f, ETH + i // 8, i % 8) for i, f in enumerate(frames)]
    stranger.expect(broken, ["ip.checksum", "ip.version", "ip.hlen", "ip.short", "ip.options", "ip.bad_addr"])


def test_truncated(stranger):
    """Cut at each byte: first as a wire would do it, then with an IP header that agrees."""
    frame, = stranger.capture(1, deliver=False)
    cut = [frame[:n] for n in range(ETH, len(frame))]
    assert stranger.expect(cut, ["ip.short"]) == {"ip.short": len(cut)}
    cut = [with_ip_length(frame[:n]) for n in range(ESP_AT, len(frame))]
    new = stranger.expect(cut, ["sec.short", "sec.length", "sec.auth"])
    assert set(new) == {"sec.short", "sec.length", "sec.auth"}, new


def test_foreign_source(stranger):
    """The right key from a wrong address: the outer addresses are part of the SA."""
    frames = []
    for f in stranger.capture(5, deliver=False):
        header = IP(f[ETH:ETH + IP4])
        header.src = "192.0.2.77"
        del header.chksum
        frames.append(f[:ETH] + bytes(header)[:IP4] + f[ESP_AT:])
    assert stranger.expect(frames, ["sec.sa_addr"]) == {"sec.sa_addr": 5}


@pytest.mark.parametrize("family", [4, 6])
def test_clear_text(stranger, family):
    """What the policy wants protected does not come in as it is."""
    mac = stranger.gw.stats()["ports"][1]["mac"]
    ip = IP(src="10.1.0.2", dst="10.2.0.2") if family == 4 else IPv6(src="fd00:1::2", dst="fd00:2::2")
    frames = [bytes(Ether(dst=mac, src="02:00:00:00:00:99") / ip / UDP(dport=n) / b"clear") for n in range(1, 11)]
    assert stranger.expect(frames, ["policy.in"]) == {"policy.in": 10}


def test_wrong_key(lab, pair):
    """Same SPI, other key: every packet fails its integrity check, until the keys agree."""
    keys = sas()
    pair.load((keys + policies(0), sas() + policies(1)))
    before = pair.gw2.stats()["drops"].get("sec.auth", 0)
    assert echo(lab, ADDRESS["host2", 4], count=20, interval=0.002, wait=0.3) == 0
    s = pair.gw2.stats()
    assert s["drops"]["sec.auth"] == before + 20
    assert sum(sa["auth_fail"] for sa in s["sas"]) == 20
    pair.load((keys + policies(0), keys + policies(1)))
    answered(lab, ADDRESS["host2", 4], count=3)


def test_icmp_errors_are_not_answered(stranger):
    """A forged ICMP error about the tunnel is no reason to send anything, nor to stop."""
    mac = stranger.gw.stats()["ports"][1]["mac"]
    frame = bytes(Ether(dst=mac, src="02:00:00:00:00:99") / IP(src="192.0.2.1", dst="192.0.2.2") /
                  ICMP(type=3, code=4, nexthopmtu=68) / IP(src="192.0.2.2", dst="192.0.2.1", proto=50) / (b"\0" * 8))
    before = stranger.gw.stats()["ports"][1]["tx_pkts"]
    stranger.send([frame] * 5)
    stranger.settled()
    assert stranger.gw.stats()["ports"][1]["tx_pkts"] == before
