# SPDX-License-Identifier: BSD-2-Clause
"""Two real gateways between two hosts, in namespaces. IPSECGW_BUILD names the build directory (default: build)."""
import json
import os
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/run.d"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lab import ROOT, Gateway, Lab, eal_options  # noqa: E402
from setkey import tunnel  # noqa: E402

BUILD = os.path.join(ROOT, os.environ.get("IPSECGW_BUILD", "build"))


def base_config(lab, ns):
    """As config/demo, with a VLAN; memory for tests, no calibration."""
    me, you = ("1", "2") if ns == "gw1" else ("2", "1")
    return {
        "ports": [
            {"name": "lan", "device": lab.device(ns, 0, "lan"), "addresses": [f"10.{me}.0.1/16", f"fd00:{me}::1/64"],
             "vlans": [{"name": "lan100", "id": 100, "addresses": [f"10.10{me}.0.1/24", f"fd00:10{me}::1/64"]}]},
            {"name": "wan", "device": lab.device(ns, 1, "wan"),
             "addresses": [f"192.0.2.{me}/24", f"2001:db8:0:1::{me}/64"]},
        ],
        "routes": [{"to": f"10.{you}.0.0/16", "via": f"192.0.2.{you}"},
                   {"to": f"10.10{you}.0.0/24", "via": f"192.0.2.{you}"},
                   {"to": f"fd00:{you}::/64", "via": f"2001:db8:0:1::{you}"},
                   {"to": f"fd00:10{you}::/64", "via": f"2001:db8:0:1::{you}"}],
        "crypto": {"calibrate": False},
        "limits": {"sa": 1024, "acl_bytes": 16777216},
        "control": {"rpc": f"{lab.dir}/{ns}.sock"},
        "setkey": [f"{ns}.setkey"],
    }


class Pair:
    """Both gateways; what a test does to them is undone by the next load()."""

    def __init__(self, lab):
        self.lab = lab
        self.gateways = [Gateway(lab, ns, BUILD, eal) for ns, eal in zip(("gw1", "gw2"), eal_options(False))]
        self.gw1, self.gw2 = self.gateways
        self.config = {g.ns: base_config(lab, g.ns) for g in self.gateways}

    def path(self, g):
        return f"{self.lab.dir}/{g.ns}.json"

    def write_config(self):
        for g in self.gateways:
            with open(self.path(g), "w", encoding="ascii") as f:
                json.dump(self.config[g.ns], f, indent=2)

    def write_keys(self, texts):
        for g, text in zip(self.gateways, texts):
            path = f"{self.lab.dir}/{g.ns}.setkey"
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            os.chmod(path, 0o600)

    def start(self, texts=None, crypto=None):
        for g in self.gateways:
            self.config[g.ns]["crypto"] = (crypto or {}).get(g.ns, {"calibrate": False})
        self.write_config()
        self.write_keys(texts or tunnel())
        for g in self.gateways:
            g.start(self.path(g))
        for g in self.gateways:
            g.wait_ready()

    def load(self, texts):
        """Put keys and policies in force on both, by SIGHUP."""
        self.write_keys(texts)
        for g in self.gateways:
            said = g.reload()
            assert "is in force" in said, f"{g.ns}: {said}"
        for h in ("host1", "host2"):
            self.lab.run(h, "ip", "route", "flush", "cache")
            self.lab.run(h, "ip", "-6", "route", "flush", "cache")

    def stop(self):
        """Every test run is also a test of the audit at exit."""
        for g in self.gateways:
            if g.process is not None and g.process.poll() is None:
                assert_clean(g, g.stop())
            assert not os.path.exists(g.rpc), f"{g.rpc} is still there"

    def alive(self):
        return all(g.process.poll() is None for g in self.gateways)


def assert_clean(g, status):
    log = g.log()
    assert status == 0, f"{g.ns} ended with {status}:\n{log}"
    assert "leaked" not in log, log


@pytest.fixture(scope="session")
def lab():
    it = Lab("test", wait=True)
    it.build()
    yield it
    it.close()


@pytest.fixture(scope="session")
def running(lab):
    it = Pair(lab)
    it.start()
    yield it
    it.stop()


@pytest.fixture
def pair(running):
    """The two gateways, alive before and after the test."""
    if not running.alive():
        for g in running.gateways:
            if g.process.poll() is None:
                g.process.kill()
                g.process.wait()
        running.start()
    yield running
    for g in running.gateways:
        assert g.process.poll() is None, f"{g.ns} is gone; its log:\n{g.log()}"
