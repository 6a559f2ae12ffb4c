# SPDX-License-Identifier: BSD-2-Clause
"""Two networks talk through the tunnel, and on the wan there is only ESP."""
import re

import pytest
from setkey import SUITES, tunnel
from traffic import ADDRESS, answered, echo, iperf, ping, tcp_both_ways, udp_both_ways
from wire import Capture, clear

SIZES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 63, 64, 65, 100, 127, 128, *range(200, 1401, 100)]


@pytest.mark.parametrize("outer", [4, 6])
@pytest.mark.parametrize("inner", [4, 6])
def test_families(lab, pair, outer, inner):
    there = ADDRESS["host2", inner]
    pair.load(tunnel(outer=outer))
    capture = Capture(lab)
    echo(lab, there, size=1400, wait=0.1)  # may teach the hosts the path MTU,
    echo(lab, there, size=1400, wait=0.1)  # first the one, then the other
    for size in SIZES:
        answered(lab, there, size=size)
    answered(lab, there, size=3000, count=3)  # the hosts' own fragments
    answered(lab, ADDRESS["host1", inner], host="host2")
    tcp_both_ways(lab, inner)
    udp_both_ways(lab, inner)
    kinds = capture.kinds()
    assert clear(kinds) == {}
    assert kinds["ESP"] > 1000


@pytest.mark.parametrize("outer", [4, 6])
@pytest.mark.parametrize("inner", [4, 6])
def test_path_mtu(lab, pair, outer, inner):
    """DF set: the host learns the path MTU by ICMP, and exactly that passes. DF clear: the gateway fragments."""
    there = ADDRESS["host2", inner]
    headers = 28 if inner == 4 else 48
    pair.load(tunnel(outer=outer))
    n, text = ping(lab, there, "-M", "do", size=1500 - headers, count=2, interval="0.3")
    m = re.search(r"mtu ?= ?(\d+)", text)
    assert n == 0 and m, text
    mtu = int(m.group(1))
    assert 1400 <= mtu < 1500 - 20
    n, text = ping(lab, there, "-M", "do", size=mtu - headers)
    assert n == 1, text
    n, text = ping(lab, there, "-M", "do", size=mtu - headers + 1)
    assert n == 0 and "too long" in text, text
    if inner == 4:
        n, text = ping(lab, there, "-M", "dont", size=1500 - headers)
        assert n == 1, text
    echo(lab, there, size=1500 - headers, wait=0.1)  # the answer is as long: now the other host learns it
    answered(lab, there, size=1500 - headers, count=3)
    assert iperf(lab, inner)["sum_received"]["bits_per_second"] > 1e6


@pytest.mark.parametrize("esn", ["", "-esn"])
@pytest.mark.parametrize("suite", SUITES)
def test_suite(lab, pair, suite, esn):
    pair.load(tunnel(suite, options=f"-window 128 {esn}"))
    capture = Capture(lab)
    for inner in (4, 6):
        for size in (0, 56, 1300):
            answered(lab, ADDRESS["host2", inner], size=size, count=2)
    kinds = capture.kinds()
    assert clear(kinds) == {}
    assert kinds["ESP"] == 24
    for sa in pair.gw1.stats()["sas"]:
        assert sa["packets"] == 12 and sa["esn"] == bool(esn), sa


def test_udp_at_rate_in_sequence(lab, pair):
    """Nothing is reordered or lost on the way at a rate that the machine can carry."""
    pair.load(tunnel())
    end = iperf(lab, 4, "-u", "-b", "40M", "-l", "1200", seconds=2)
    assert end["sum"]["lost_percent"] < 2, end["sum"]
    assert end["streams"][0]["udp"]["out_of_order"] == 0
