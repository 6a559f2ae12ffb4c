# SPDX-License-Identifier: BSD-2-Clause
"""
A gateway and a real Linux kernel: what one protects the other opens, both ways. The kernel counts what it does not
like, and so do we; between them nothing is seen but the protocol that was asked for.
"""
import hashlib
import itertools
import json
import os
import re
import struct
import threading

import pytest
from conftest import BUILD, base_config
from lab import Gateway, eal_options
from linux_peer import INNER, NETS, OUTER, LinuxPeer
from traffic import ADDRESS, answered, echo

import linux_ipsec as li

US = {4: "192.0.2.1", 6: "2001:db8:0:1::1"}
OUR_NET = {4: "10.1.0.0/16", 6: "fd00:1::/64"}
ETH_P_ALL, SO_RCVBUFFORCE = 3, 33
PORT = 7000
UPPER = {"esp": 50, "ah": 51, "natt": 17}
SIZES = (0, 1, 56, 301, 1300)
LARGE = (1472, 1473, 2000, 4000)  # more than a frame: fragments inside, or outside
TCP_BYTES = 100_000

# Layers of protection, innermost first: protocol and mode.
FORMS = {
    "esp-tunnel": [("esp", "tunnel")],
    "ah-tunnel": [("ah", "tunnel")],
    "esp-ah": [("esp", "tunnel"), ("ah", "transport")],
    "ipcomp-esp": [("comp", "tunnel"), ("esp", "transport")],
    "natt-tunnel": [("esp", "tunnel")],
    "esp-transport": [("esp", "transport")],
    "ah-transport": [("ah", "transport")],
    "esp-ah-transport": [("esp", "transport"), ("ah", "transport")],
    "natt-transport": [("esp", "transport")],
    # Transport mode between hosts, of which one does not know: its gateway does it.
    "esp-bump": [("esp", "transport")],
}
FAMILIES = [(4, 4), (6, 6), (6, 4), (4, 6)]  # outer, inner
LOOKASIDE = {"openssl": "crypto_openssl0", "aesni_mb": "crypto_aesni_mb0"}


def rows(form, suites, families=((4, 4),), esn=(False,), engines=("direct",)):
    return [(e, form, o, i, s, n) for e, s, (o, i), n in itertools.product(engines, suites, families, esn)]


ALL_ESN = (False, True)
SAME = [(4, 4), (6, 6)]
TABLE = [
    *rows("esp-tunnel", li.ESP, esn=ALL_ESN),
    *rows("esp-tunnel", ["gcm256", "cbc128-sha256", "chacha"], FAMILIES[1:], ALL_ESN),
    *rows("esp-tunnel", ["gcm128", "gcm256", "cbc128-sha1", "cbc192-sha384", "cbc256-sha512", "null-sha256"],
          [(4, 4), (6, 4)], ALL_ESN, LOOKASIDE),
    *rows("ah-tunnel", li.AH),
    *rows("ah-tunnel", ["sha1", "sha256"], FAMILIES[1:], ALL_ESN),
    *rows("esp-transport", ["gcm128", "cbc128-sha256", "ctr128-sha256", "ccm256-16"], SAME, ALL_ESN),
    *rows("ah-transport", ["sha1", "sha256", "sha512"], SAME, ALL_ESN),
    *rows("esp-ah", ["gcm128", "cbc128-sha1"], FAMILIES, ALL_ESN),
    *rows("esp-ah-transport", ["gcm128"], SAME),
    *rows("ipcomp-esp", ["gcm128", "cbc128-sha256"], FAMILIES),
    *rows("natt-tunnel", ["gcm128", "cbc128-sha256"], [(4, 4), (4, 6)], ALL_ESN),
    *rows("natt-transport", ["gcm128", "cbc128-sha1"]),
    *rows("esp-bump", ["gcm128", "cbc128-sha1"], SAME),
    *[(e, *rest) for e in LOOKASIDE for form, suite in (("ah-tunnel", "sha1"), ("esp-transport", "gcm128"),
                                                       ("esp-ah", "gcm128"), ("natt-tunnel", "gcm128"),
                                                       ("ipcomp-esp", "cbc128-sha256"))
      for _, *rest in rows(form, [suite])],
]


# No row for esp-bump: fragments do not go into transport mode (RFC 4303 3.1.1).
LARGER = [row for form in FORMS if form != "esp-bump" for row in rows(form, ["gcm128"],
                                                FAMILIES if FORMS[form][0][1] == "tunnel" else SAME)
          if not (form.startswith("natt") and row[2] == 6)]


class Plan:
    """What both ends are told for one row of the table."""

    def __init__(self, form, outer, inner, suite, esn):
        self.form, self.outer, self.inner, self.suite, self.esn = form, outer, inner, suite, esn
        self.layers = FORMS[form]
        self.tunnel = self.layers[0][1] == "tunnel"
        self.bump = form == "esp-bump"
        self.natt = form.startswith("natt")
        self.ends = (ADDRESS["host1", inner], INNER[inner]) if self.bump else (US[outer], OUTER[outer])
        self.nets = (OUR_NET[inner], NETS[inner]) if self.tunnel else tuple(
            f"{a}/{128 if ':' in a else 32}" for a in self.ends)
        self.states = [self._state(n, layer, way) for way in (0, 1) for n, layer in enumerate(self.layers)]

    def _state(self, n, layer, way):
        """@param way  0: from us to Linux"""
        proto, mode = layer
        s = {"src": self.ends[way], "dst": self.ends[1 - way], "proto": proto, "mode": mode, "flags": [],
             "spi": f"{0x1000 + 0x10 * n + way:#x}", "reqid": str(n + 1)}
        if proto == "comp":
            s["comp"] = "deflate"
            s["replay-window"] = "0"  # it has no sequence numbers, and Linux would miss them
        else:
            table = li.AH if proto == "ah" else li.ESP
            s.update(li.with_keys(table.get(self.suite, li.AH["sha1"])))
            s["replay-window"] = "64"
            s["flags"] += ["esn"] if self.esn else []
        if self.tunnel and self.outer != self.inner:  # or Linux does not find it for what is inside
            s["flags"].append("af-unspec")
        if self.natt:
            s["encap"] = ["espinudp", "4500", "4500", "0.0.0.0"]
        return s

    def policies(self, way, inbound):
        """What does not get smaller is not compressed: of those who receive, none may insist on it."""
        tmpl = [{"src": self.ends[way], "dst": self.ends[1 - way], "proto": p, "reqid": str(n + 1), "mode": m,
                 **({"level": "use"} if p == "comp" and inbound else {})} for n, (p, m) in enumerate(self.layers)]
        p = {"src": self.nets[way], "dst": self.nets[1 - way], "tmpl": tmpl}
        if self.tunnel:
            return [p]
        # Never all between two hosts: neighbour discovery and UDP encapsulation must pass.
        icmp = [{"proto": "58", "type": t} for t in ("128", "129")] if self.ends[0].count(":") else [{"proto": "1"}]
        return [{**p, **upper} for upper in (*icmp, {"proto": "6"})]

    def setkey(self):
        text = "".join(li.setkey_add(s) for s in self.states)
        for way, direction in ((0, "out"), (1, "in")):
            text += "".join(li.setkey_spdadd(p, direction) for p in self.policies(way, direction == "in"))
        return text

    def commands(self):
        lines = ["xfrm state flush", "xfrm policy flush", "route flush cache"]
        lines += [li.xfrm_state(s) for s in self.states]
        for way, direction in ((0, "in"), (1, "out")):
            lines += [li.xfrm_policy(p, direction) for p in self.policies(way, direction == "in")]
        return lines


class Scene:
    """gw1 alone, and the Linux peer."""

    def __init__(self, lab):
        self.lab = lab
        self.linux = LinuxPeer(lab)
        self.gw = Gateway(lab, "gw1", BUILD, eal_options(False)[0])
        self.path = f"{lab.dir}/gw1-linux.json"
        self.wire = None

    def boot(self):
        self.linux.boot()
        self.linux.ask("udp_encap", 4500)
        self.wire = self.lab.packet_socket("wan", "linux", ETH_P_ALL)
        self.wire.setsockopt(1, SO_RCVBUFFORCE, 64 << 20)
        self.wire.setblocking(False)

    def start(self, engine):
        config = base_config(self.lab, "gw1")
        config["setkey"] = ["gw1.setkey"]
        config["sysctl"] = {"net.inet.ipsec.allow_legacy": 1}
        config["routes"] = [{"to": NETS[f], "via": OUTER[f]} for f in (4, 6)]
        config["crypto"] = {"engine": "direct", "calibrate": False}
        if engine in LOOKASIDE:
            config["crypto"] = {"engine": "lookaside", "devices": [LOOKASIDE[engine]], "calibrate": False}
        with open(self.path, "w", encoding="ascii") as f:
            json.dump(config, f)
        self.keys("")
        self.gw.start(self.path)
        self.gw.wait_ready()

    def keys(self, text):
        path = f"{self.lab.dir}/gw1.setkey"
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o600)

    def load(self, plan):
        self.keys("flush;\nspdflush;\n" + plan.setkey())
        said = self.gw.reload()
        assert "is in force" in said, said
        self.linux.ip(*plan.commands())
        for family in ("-4", "-6"):
            self.lab.run("host1", "ip", family, "route", "flush", "cache")
        self.seen()

    def seen(self):
        """@return the IP protocols on the wire since the last call, without neighbour discovery"""
        found = {}
        try:
            while True:
                p = self.wire.recv(65536)
                etype, = struct.unpack_from(">H", p, 12)
                if etype not in (0x800, 0x86DD) or p[0] & 1:  # to a group: how hosts find each other
                    continue
                upper = p[23] if etype == 0x800 else p[20]
                if upper == 44:
                    upper = p[54]
                if not (etype == 0x86DD and upper == 58 and 130 <= p[54] <= 143):
                    found[upper] = found.get(upper, 0) + 1
        except BlockingIOError:
            return found

    def errors(self):
        """
        Counters of what Linux refused. Not of packets without a state: what was on its way while keys changed is
        among them, and when there is no state the pings are not answered anyway.
        """
        text = self.linux.run("cat /proc/net/xfrm_stat")
        return {reason: int(n) for reason, n in re.findall(r"(\S+)\s+(\d+)", text) if reason != "XfrmInNoStates"}

    def drops(self):
        ours = ("sec.", "esp.", "ah.", "ipcomp.", "frag.", "in.", "out.")
        return {reason: n for reason, n in self.gw.stats()["drops"].items() if n and reason.startswith(ours)}

    def ping_back(self, address, sizes):
        """From Linux to us, one of each size."""
        source = INNER[6 if ":" in address else 4] if address not in US.values() else None
        lost = self.linux.ask("ping", address, source, sizes)
        assert lost == [], f"no answer from {address} to pings of these sizes: {lost}"


def serve_once(listener, result):
    """Take all that comes, and send it back at the end."""
    s, _ = listener.accept()
    with s:
        data = b""
        while more := s.recv(65536):
            data += more
        result.append(hashlib.sha256(data).hexdigest())
        s.sendall(data)


def tcp(scene, family):
    """Linux sends to host1 and gets the same back: three checksums are equal."""
    listener = scene.lab.socket("host1", 2 if family == 4 else 10, 1)
    listener.setsockopt(1, 2, 1)  # SO_REUSEADDR
    listener.settimeout(20)
    address = ADDRESS["host1", family]
    listener.bind((address, PORT))
    listener.listen(1)
    result = []
    thread = threading.Thread(target=serve_once, args=(listener, result))
    thread.start()
    sums = scene.linux.ask("tcp", address, PORT, INNER[family], TCP_BYTES)
    thread.join(20)
    listener.close()
    assert sums == result * 2


@pytest.fixture(scope="module")
def scene(lab, running):
    running.stop()
    it = Scene(lab)
    it.boot()
    yield it
    it.wire.close()
    it.linux.stop()
    running.start()


@pytest.fixture(scope="module")
def engine(request, scene):
    """The gateway, started with this engine."""
    scene.start(request.param)
    yield request.param
    status = scene.gw.stop()
    assert status == 0 and "leaked" not in scene.gw.log(), scene.gw.log()


def through(scene, plan):
    """Everything there and back."""
    if plan.tunnel or plan.bump:
        there, back = INNER[plan.inner], ADDRESS["host1", plan.inner]
        for size in SIZES:
            answered(scene.lab, there, size=size)
        scene.ping_back(back, SIZES)
        tcp(scene, plan.inner)
    else:
        scene.ping_back(plan.ends[0], SIZES)


def larger(scene, plan):
    """More than a frame: Linux cuts what it has protected, so we must put together before we open."""
    if plan.tunnel or plan.bump:
        for size in LARGE:
            echo(scene.lab, INNER[plan.inner], size=size, wait=0.05)  # may teach host1 the path MTU
            answered(scene.lab, INNER[plan.inner], size=size)
        scene.ping_back(ADDRESS["host1", plan.inner], LARGE)
    else:
        scene.ping_back(plan.ends[0], LARGE)


def name(row):
    engine, form, outer, inner, suite, esn = row
    family = str(outer) if outer == inner else f"{inner}in{outer}"
    return f"{engine}-{form}-{family}-{suite}{'-esn' if esn else ''}"


def params(table):
    """By engine, because each needs a start of the gateway."""
    for row in sorted(table, key=lambda r: r[0]):
        yield pytest.param(row[0], row, id=name(row))


def run_row(scene, row, send):
    plan = Plan(*row[1:])
    scene.load(plan)
    before, dropped = scene.errors(), scene.drops()
    try:
        send(scene, plan)
    except AssertionError as e:
        raise AssertionError(f"{e}; dropped here: {scene.drops()}, there: {scene.errors()}, on the wire: {scene.seen()}"
                             ) from None
    assert scene.errors() == before, "Linux refused something"
    assert scene.drops() == dropped, "we refused something"
    if send is through:  # of which TCP gets smaller
        assert all(sa["packets"] > 0 for sa in scene.gw.stats()["sas"]), scene.gw.stats()["sas"]
    wire = scene.seen()
    upper = 17 if plan.natt else UPPER[plan.layers[-1][0]]
    assert set(wire) == {upper}, f"on the wire: {wire}"


@pytest.mark.parametrize("engine, row", params(TABLE), indirect=["engine"], scope="module")
def test_row(scene, engine, row):
    run_row(scene, row, through)


@pytest.mark.parametrize("engine, row", params(LARGER), indirect=["engine"], scope="module")
def test_larger(scene, engine, row):
    run_row(scene, row, larger)
