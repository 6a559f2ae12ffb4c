# SPDX-License-Identifier: BSD-2-Clause
"""The gateways as routers: without policies, for their own addresses, with errors."""
import pytest
from setkey import tunnel
from traffic import ADDRESS, answered, iperf, ping
from vlan import VlanEnd
from wire import NOT_ESP, Capture, clear

NONE = ("flush; spdflush;\n", "flush; spdflush;\n")


@pytest.mark.parametrize("family", [4, 6])
def test_plain_forwarding(lab, pair, family):
    """What the other tests would find on the wan if a tunnel leaked is found here."""
    pair.load(NONE)
    capture, other = Capture(lab), Capture(lab, expression=NOT_ESP)
    for size in (0, 56, 1400):
        answered(lab, ADDRESS["host2", family], size=size, count=2)
    n, text = ping(lab, ADDRESS["host2", family], "-M", "do", size=1472 if family == 4 else 1452)
    assert n == 1, text
    assert iperf(lab, family)["sum_received"]["bits_per_second"] > 1e6
    kinds = capture.kinds()
    assert kinds["ESP"] == 0 and sum(clear(kinds).values()) > 1000
    assert (len(other.stop()) > 1000) == (family == 4)


@pytest.mark.parametrize("address", ["10.1.0.1", "fd00:1::1", "192.0.2.1", "2001:db8:0:1::1"])
@pytest.mark.parametrize("size", [0, 56, 1400])
def test_own_addresses(lab, pair, address, size):
    pair.load(tunnel())
    answered(lab, address, size=size, count=3)


@pytest.mark.parametrize("family,says", [(4, "Time to live exceeded"), (6, "Hop limit")])
def test_ttl_exceeded(lab, pair, family, says):
    """As traceroute does it: the first gateway says so, with one more hop the second."""
    pair.load(NONE)
    for hops, who in ((1, {4: "10.1.0.1", 6: "fd00:1::1"}), (2, {4: "192.0.2.2", 6: "2001:db8:0:1::2"})):
        n, text = ping(lab, ADDRESS["host2", family], "-t", str(hops))
        assert n == 0 and says in text and who[family] in text, text
    n, text = ping(lab, ADDRESS["host2", family], "-t", "3")
    assert n == 1, text


@pytest.mark.parametrize("address,says", [("10.2.0.99", "Destination Host Unreachable"),
                                          ("fd00:2::99", "Destination unreachable: Address unreachable")])
def test_unreachable_neighbour(lab, pair, address, says):
    pair.load(NONE)
    p = lab.run("host1", "ping", "-n", "-c", "1", "-w", "8", address, check=False)
    assert says in p.stdout, p.stdout
    assert pair.gw2.stats()["drops"].get("nbr.failed", 0) > 0


@pytest.mark.parametrize("address,says", [("10.9.0.1", "Destination Net Unreachable"),
                                          ("fd00:9::1", "Destination unreachable: No route")])
def test_no_route(lab, pair, address, says):
    pair.load(NONE)
    before = pair.gw1.stats()["drops"].get("ip.no_route", 0)
    n, text = ping(lab, address)
    assert n == 0 and says in text, text
    assert pair.gw1.stats()["drops"]["ip.no_route"] == before + 1


@pytest.fixture
def vlan_hosts(lab):
    """VLAN 100 on both hosts' links, and the other host's VLAN behind it."""
    ends = []
    for host, n, other in (("host1", "1", "2"), ("host2", "2", "1")):
        v = VlanEnd(lab, host, 100)
        ends.append(v)
        v.address(f"10.10{n}.0.2/24")
        v.address(f"fd00:10{n}::2/64")
        v.route(f"10.10{other}.0.0/24", f"10.10{n}.0.1")
        v.route(f"fd00:10{other}::/64", f"fd00:10{n}::1")
    yield
    for v in ends:
        v.close()


@pytest.mark.parametrize("protected", [False, True])
def test_vlan(lab, pair, vlan_hosts, protected):
    """Tagged on both lans, untagged on the wan."""
    pair.load(tunnel() if protected else NONE)
    capture = Capture(lab)
    for own in ("10.101.0.1", "fd00:101::1"):
        answered(lab, own, count=2)
    for there in ("10.102.0.2", "fd00:102::2"):
        for size in (0, 1000):
            answered(lab, there, size=size, count=2)
    assert capture.kinds()["ESP"] == (16 if protected else 0)
