# SPDX-License-Identifier: BSD-2-Clause
"""
NetBSD's acceptance tests of ipsec(4), tests/net/ipsec, between two gateways.

Their hosts in transport mode are ours behind the gateways: these protect and open what the hosts send under the hosts'
own addresses. The historic algorithms need net.inet.ipsec.allow_legacy.
"""
import ipaddress
import os
import socket

import netbsd as nb
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from conftest import Pair
from lab import Lab
from traffic import ADDRESS, answered, echo
from wire import ND_TYPES, Capture

LEGACY = {"net.inet.ipsec.allow_legacy": 1}


@pytest.fixture(scope="module")
def lab():
    """Of its own: the other tests' pair has the names."""
    it = Lab("testnb", wait=True)
    it.build()
    yield it
    it.close()


@pytest.fixture(scope="module")
def legacy(lab):
    """A pair that takes what RFC 8221 forbids."""
    it = Pair(lab)
    for g in it.gateways:
        it.config[g.ns]["sysctl"] = LEGACY
    it.start()
    yield it
    it.stop()


def raw(address):
    return ipaddress.ip_address(address).packed


def wire(capture, ends):
    """Protocols of the packets between two addresses, by direction, and their payloads."""
    a, b = (raw(x) for x in ends)
    seen = {(a, b): [], (b, a): []}
    for frame in capture.stop():
        got = nb.layers(frame)
        if got and got[2] == 58 and got[3][0] in ND_TYPES:
            continue
        if got and (got[0], got[1]) in seen:
            seen[got[0], got[1]].append((got[2], got[3]))
    return seen[a, b], seen[b, a]


def assert_wire(capture, ends, proto):
    for way in wire(capture, ends):
        assert way and {p for p, _ in way} == {nb.NUMBER[proto]}, [p for p, _ in way]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("proto,algorithm", nb.ALL)
def test_transport(lab, legacy, proto, algorithm, family):
    legacy.load(nb.transport(family, proto, algorithm))
    capture = Capture(lab)
    answered(lab, ADDRESS["host2", family], count=2)
    assert_wire(capture, nb.HOSTS[family], proto)


@pytest.mark.parametrize("family", [4, 6])
def test_transport_ipcomp(lab, legacy, family):
    """90 bytes are compressed, 89 are not; 8 of them are the ICMP header."""
    legacy.load(nb.transport(family, "ipcomp", "deflate"))
    clear = 1 if family == 4 else 58
    for size, proto in ((81, clear), (82, nb.NUMBER["ipcomp"])):
        capture = Capture(lab)
        n = lab.run("host1", "ping", "-n", "-c", "1", "-W", "2", "-s", str(size), "-p", "ff",
                    ADDRESS["host2", family], check=False)
        assert " 1 received" in n.stdout, n.stdout
        there, back = wire(capture, nb.HOSTS[family])
        assert {p for p, _ in there} == {p for p, _ in back} == {proto}, size


@pytest.mark.parametrize("inner,outer", [(4, 4), (6, 6), (4, 6), (6, 4)])
@pytest.mark.parametrize("proto,algorithm", nb.ALL)
def test_tunnel(lab, legacy, proto, algorithm, inner, outer):
    """tunnel and tunnel_odd."""
    legacy.load(nb.tunnel(inner, outer, proto, algorithm))
    capture = Capture(lab)
    answered(lab, ADDRESS["host2", inner], count=2)
    assert_wire(capture, nb.OUTER[outer], proto)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("proto,algorithm", nb.MIN)
def test_tunnel_ipcomp(lab, legacy, proto, algorithm, family):
    """Below 90 bytes of inner packet: tunnelled without IPComp, and accepted."""
    ends = nb.OUTER[family]
    more = "".join(f"add {a} {b} ipcomp {spi} -C deflate;\n"
                   for a, b, spi in ((*ends, 10000), (*reversed(ends), 10001)))
    legacy.load(nb.tunnel(family, family, proto, algorithm, extra="ipcomp/tunnel/{ends}/require", more=more))
    headers = 8 + (20 if family == 4 else 40)
    inside = 4 if family == 4 else 41
    for size, nxt in ((89 - headers, inside), (90 - headers, nb.NUMBER["ipcomp"])):
        capture = Capture(lab)
        n = lab.run("host1", "ping", "-n", "-c", "1", "-W", "2", "-s", str(size), "-p", "ff",
                    ADDRESS["host2", family], check=False)
        assert " 1 received" in n.stdout, (size, n.stdout)
        for way in wire(capture, ends):
            assert {p for p, _ in way} == {nb.NUMBER[proto]}
            if proto == "ah":  # its next header is in clear
                assert {data[0] for _, data in way} == {nxt}, size


def inner_packet(family):
    """What a gif interface of host1 would send: a UDP packet between two networks of the hosts' own."""
    kind, src, dst = (IP, "172.20.0.1", "172.20.1.1") if family == 4 else (IPv6, "fd01::1", "fd02::1")
    return bytes(kind(src=src, dst=dst) / UDP(sport=1, dport=2) / os.urandom(500))


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("what,mode", [("gif", "tunnel"), ("l2tp", "tunnel"), ("l2tp", "transport")])
@pytest.mark.parametrize("proto,algorithm", nb.MIN)
def test_carried_tunnels(lab, legacy, proto, algorithm, what, mode, family):
    """
    gif (IP in IP) and L2TPv3 (protocol 115) between the hosts is traffic like any other: protected as it is, not taken
    for a tunnel of ours, and it arrives as it was sent. The packets are made and taken by sockets.
    """
    carrier = 115 if what == "l2tp" else 4 if family == 4 else 41
    legacy.load(nb.tunnel(family, family, proto, algorithm) if mode == "tunnel"
                else nb.transport(family, proto, algorithm))
    af = socket.AF_INET if family == 4 else socket.AF_INET6
    sender = lab.socket("host1", af, socket.SOCK_RAW, carrier)
    receiver = lab.socket("host2", af, socket.SOCK_RAW, carrier)
    receiver.settimeout(3)
    session = (1234).to_bytes(4, "big") + os.urandom(500) if what == "l2tp" else inner_packet(family)
    capture = Capture(lab)
    sender.sendto(session, (ADDRESS["host2", family], 0))
    got = receiver.recv(4096)
    assert got[20:] == session if family == 4 else got == session
    there, _ = wire(capture, nb.OUTER[family] if mode == "tunnel" else nb.HOSTS[family])
    assert [p for p, _ in there] == [nb.NUMBER[proto]]
    sender.close()
    receiver.close()


def test_no_recursion(lab, legacy):
    """A policy for everything, the tunnel's own end points included, protects once."""
    e = nb.OUTER[4]
    keys = nb.sas(*e, "esp", "aes-gcm-16")
    texts = nb.pair_of(
        keys, lambda me, you: f"spdadd 0.0.0.0/0 0.0.0.0/0 any -P out ipsec esp/tunnel/{e[me]}-{e[you]}/require;\n")
    # What comes out of the tunnel is for a host behind the gateway and must not go back: none for it.
    for i, net in ((0, "10.1.0.0/16"), (1, "10.2.0.0/16")):
        texts[i] = texts[i].replace("spdadd", f"spdadd 0.0.0.0/0 {net} any -P out none;\nspdadd", 1)
    legacy.load(texts)
    capture = Capture(lab)
    answered(lab, ADDRESS["host2", 4], count=2)
    for way in wire(capture, e):
        assert [p for p, _ in way] == [50, 50]
        assert all(len(data) < 84 + 80 for _, data in way)


def transfer(lab, family, port=1234):
    """512 lines from host1 to host2 over TCP; arrive as they were."""
    data = b"0123456789\n" * 512
    af = socket.AF_INET if family == 4 else socket.AF_INET6
    server = lab.socket("host2", af, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((ADDRESS["host2", family], port))
    server.listen(1)
    server.settimeout(5)
    client = lab.socket("host1", af, socket.SOCK_STREAM)
    client.settimeout(5)
    client.connect((ADDRESS["host2", family], port))
    peer, _ = server.accept()
    peer.settimeout(5)
    client.sendall(data)
    client.close()
    got = b""
    while more := peer.recv(65536):
        got += more
    peer.close()
    server.close()
    assert got == data


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("proto,algorithm", nb.MIN)
def test_tcp(lab, legacy, proto, algorithm, family):
    legacy.load(nb.transport(family, proto, algorithm))
    capture = Capture(lab)
    transfer(lab, family)
    assert_wire(capture, nb.HOSTS[family], proto)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("algorithm", nb.FEW["esp"])
def test_sp_port(lab, legacy, algorithm, family):
    """A policy with a port, on a router; and ports on a plain ESP SA mean nothing."""
    n, e = nb.NETS[family], nb.OUTER[family]
    args = nb.arguments("esp", algorithm)
    keys = f"add {e[0]} [any] {e[1]} [1234] esp 10000 {args};\nadd {e[1]} [1234] {e[0]} [any] esp 10001 {args};\n"
    there = (f"spdadd {n[0]}[any] {n[1]}[1234] tcp -P {{}} ipsec esp/tunnel/{e[0]}-{e[1]}/require;\n",
             f"spdadd {n[1]}[1234] {n[0]}[any] tcp -P {{}} ipsec esp/tunnel/{e[1]}-{e[0]}/require;\n")
    legacy.load([keys + there[0].format("out") + there[1].format("in"),
                 keys + there[0].format("in") + there[1].format("out")])
    capture = Capture(lab)
    answered(lab, ADDRESS["host2", family])
    clear = 1 if family == 4 else 58
    assert [{p for p, _ in way} for way in wire(capture, nb.HOSTS[family])] == [{clear}, {clear}]
    capture = Capture(lab)
    transfer(lab, family)
    assert_wire(capture, e, "esp")


@pytest.mark.parametrize("proto,algorithm", nb.MIN)
def test_nosa(lab, legacy, proto, algorithm):
    """A required SA that does not exist: nothing passes."""
    legacy.load([t for t in nb.pair_of(
        "", lambda me, you: f"spdadd {nb.HOSTS[4][me]} {nb.HOSTS[4][you]} any -P out ipsec {proto}/transport//require;\n",
        lambda me, you: f"spdadd {nb.HOSTS[4][me]} {nb.HOSTS[4][you]} any -P in ipsec {proto}/transport//require;\n")])
    assert echo(lab, ADDRESS["host2", 4], wait=0.5) == 0
    assert "out.no_sa" in legacy.gw1.ctl("stats").stdout


@pytest.mark.parametrize("proto,algorithm", nb.MIN)
def test_multiple_sa(lab, legacy, proto, algorithm):
    """One policy for all peers; each needs its own SA, found by the packet's own addresses."""
    me, one = nb.HOSTS[4]
    two = "10.2.0.3"
    lab.run("host2", "ip", "addr", "add", two + "/16", "dev", "eth0")
    out = (f"spdadd {me} 0.0.0.0/0 any -P out ipsec {proto}/transport//require;\n",
           f"spdadd 0.0.0.0/0 {me} any -P out ipsec {proto}/transport//require;\n")
    back = (f"spdadd 0.0.0.0/0 {me} any -P in ipsec {proto}/transport//require;\n",
            f"spdadd {me} 0.0.0.0/0 any -P in ipsec {proto}/transport//require;\n")
    first, second = nb.sas(me, one, proto, algorithm), nb.sas(me, two, proto, algorithm, 10010)
    try:
        for keys, reached in (("", {}), (first, {one}), (first + second, {one, two})):
            legacy.load([keys + out[i] + back[i] for i in (0, 1)])
            for address in (one, two):
                want = 1 if address in reached else 0
                assert echo(lab, address, wait=2.0 if want else 0.4) == want, (keys, address)
    finally:
        lab.run("host2", "ip", "addr", "del", two + "/16", "dev", "eth0")


@pytest.mark.parametrize("old", [0, 1])
@pytest.mark.parametrize("proto,algorithm", nb.MIN)
def test_preferred(lab, legacy, proto, algorithm, old):
    """Of several SAs the newest, or the oldest, is used (net.key.prefered_oldsa)."""
    for g in legacy.gateways:
        g.ctl("sysctl", f"net.key.prefered_oldsa={old}")
    a = nb.HOSTS[4]
    spis = [10000, 10010, 10020]

    def load(these):
        keys = "".join(nb.sas(*a, proto, algorithm, spi) for spi in these)
        legacy.load(nb.pair_of(keys, lambda me, you:
                               f"spdadd {a[me]} {a[you]} any -P out ipsec {proto}/transport//require;\n"))
        # A reload takes the parameters from the file again.
        for g in legacy.gateways:
            g.ctl("sysctl", f"net.key.prefered_oldsa={old}")
        capture = Capture(lab)
        answered(lab, ADDRESS["host2", 4])
        there, _ = wire(capture, a)
        at = 0 if proto == "esp" else 4
        return {int.from_bytes(data[at:at + 4], "big") for _, data in there}

    assert load(spis[:1]) == {10000}
    assert load(spis[:2]) == {10000 if old else 10010}
    assert load(spis) == {10000 if old else 10020}
    assert load(spis[:2]) == {10000 if old else 10010}
    assert load(spis[1:]) == {10010 if old else 10020}
