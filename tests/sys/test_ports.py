# SPDX-License-Identifier: BSD-2-Clause
"""The same pair on other ports than taps."""
import pytest
from conftest import Pair
from lab import Lab
from setkey import tunnel
from traffic import ADDRESS, answered, echo, tcp_both_ways
from wire import Capture, clear


@pytest.fixture(scope="module")
def other():
    it = Lab("test2", wait=True, ports="veth")
    it.build()
    pair = Pair(it)
    pair.start(tunnel())
    yield pair
    pair.stop()
    it.close()


@pytest.mark.parametrize("family", [4, 6])
def test_af_packet(other, family):
    lab = other.lab
    capture = Capture(lab)
    there = ADDRESS["host2", family]
    answered(lab, there, count=3)
    echo(lab, there, size=1400, wait=0.1)
    echo(lab, there, size=1400, wait=0.1)
    if family == 6:  # the driver has the kernel reassemble IPv4, see lab.py
        answered(lab, there, size=3000, count=3)
    tcp_both_ways(lab, family)
    assert clear(capture.kinds()) == {}
