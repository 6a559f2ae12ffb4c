# SPDX-License-Identifier: BSD-2-Clause
"""The daemon as an administrator meets it: errors, signals, readiness, idle cost, changes under load."""
import json
import os
import re
import subprocess
import threading
import time

import pytest
from conftest import BUILD, assert_clean, base_config
from lab import Gateway, command, eal_options
from setkey import NETS, OUTER, policies, sas, tunnel
from traffic import ADDRESS, Echo, answered, ping, serve
from wire import NOT_ESP, Capture

PROGRAM = f"{BUILD}/app/ipsecgw/dpdk-ipsecgw"


def written(lab, config, keys=tunnel()[0]):
    path = f"{lab.dir}/check.json"
    with open(path, "w", encoding="ascii") as f:
        f.write(config if isinstance(config, str) else json.dumps(config, indent=2))
    with open(f"{lab.dir}/gw1.setkey", "w", encoding="ascii") as f:
        f.write(keys)
    os.chmod(f"{lab.dir}/gw1.setkey", 0o600)
    return path


# What is changed in a good configuration, and what must be said about it: where it is, and what was expected.
ERRORS = [
    ({"prots": []}, r"check\.json:\d+:\d+: prots: .*unknown"),
    ({"routes": [{"to": "10.2.0.0/33", "via": "192.0.2.2"}]}, r"check\.json:\d+:\d+: routes\[0\]\.to: "),
    ({"routes": [{"to": "10.2.0.0/16", "via": "192.0.3.2"}]}, r"routes\[0\]\.via: 192\.0\.3\.2 is not on link"),
    ({"routes": [{"to": "10.2.0.0/16", "via": "192.0.2.2", "port": "dmz"}]}, r"routes\[0\]\.port: .*dmz"),
    ({"buffers": {"count": "many"}}, r"buffers\.count: "),
    ({"sysctl": {"net.inet.ipsec.dfbut": 1}}, r"sysctl.*net\.inet\.ipsec\.dfbut"),
    ({"routes": [], "ports": [{"name": "lan", "device": "net_tpa0,iface=x"}]}, r"ports\[0\]\.device: .*net_tpa0"),
    ({"routes": [], "ports": [{"name": "lan", "device": "0000:ff:1f.7"}]},
     r"ports\[0\]\.device: no PCI device 0000:ff:1f\.7"),
    ({"routes": [], "ports": [{"name": "lan", "device": "net_af_packet0,iface=nowhere"}]},
     r"there is no interface nowhere"),
    ({"setkey": ["missing.conf"]}, r"missing\.conf: No such file"),
]


@pytest.mark.parametrize("change,says", ERRORS, ids=[e[1] for e in ERRORS])
def test_config_error(lab, change, says):
    path = written(lab, {**base_config(lab, "gw1"), **change})
    p = command(PROGRAM, "--check", "--config", path, check=False)
    assert p.returncode == 1 and re.search(says, p.stdout), p.stdout


def test_config_good(lab):
    p = command(PROGRAM, "--check", "--config", written(lab, base_config(lab, "gw1")), check=False)
    assert p.returncode == 0 and "ok" in p.stdout, p.stdout


def test_setkey_error(lab):
    path = written(lab, base_config(lab, "gw1"), "flush;\nadd 192.0.2.1 192.0.2.2 esp 0x10 -E aes-gcm-15 0x00;\n")
    p = command(PROGRAM, "--check", "--config", path, check=False)
    assert p.returncode == 1 and "gw1.setkey:2:" in p.stdout and "algorithm" in p.stdout, p.stdout


def test_not_json(lab):
    p = command(PROGRAM, "--check", "--config", written(lab, '{"ports": [}'), check=False)
    assert p.returncode == 1 and re.search(r"check\.json:1:\d+", p.stdout), p.stdout


def test_missing_port_at_start(lab):
    """Without --check, too: the reason, a status, and nothing left."""
    config = base_config(lab, "gw1")
    config["ports"][0]["device"] = "net_af_packet0,iface=nowhere"
    config["control"]["rpc"] = f"{lab.dir}/none.sock"
    g = Gateway(lab, "wan", BUILD, eal_options(False)[0])
    g.start(written(lab, config))
    assert g.process.wait(20) == 1
    assert "ports[0].device" in g.log() and "nowhere" in g.log(), g.log()
    assert not os.path.exists(g.rpc)


@pytest.mark.parametrize("args,says", [(["--pull", "always"], "--pull"), (["--poll", "sometimes"], "adaptive"),
                                       ([], "--config")])
def test_bad_option(args, says):
    p = command(PROGRAM, *args, check=False)
    assert p.returncode != 0 and says in p.stdout, p.stdout


def test_ready_and_stopping(lab, pair):
    """sd_notify(3); pair.start() has waited for READY=1."""
    g = pair.gw1
    assert "ready: 2 ports" in g.log()
    g.process.terminate()
    assert g.told("STOPPING=1", 10)
    assert_clean(g, g.process.wait(20))
    assert not os.path.exists(g.rpc)
    g.start(pair.path(g))
    g.wait_ready()
    pair.load(tunnel())  # it began to count anew, which the other would take for replays
    answered(lab, ADDRESS["host2", 4])


class Steady:
    """A hundred pings per second, of which none may be lost."""

    def __init__(self, lab, count):
        self.count = count
        self.answered = 0
        self.thread = threading.Thread(target=self._run, args=(lab,))
        self.thread.start()

    def _run(self, lab):
        e = Echo(lab, "host1", ADDRESS["host2", 4], 56)
        for seq in range(self.count):
            e.send(seq)
            e.receive(time.monotonic() + 0.01)
            time.sleep(0.008)
        e.receive(time.monotonic() + 2)
        e.socket.close()
        self.answered = self.count - len(e.missing)

    def end(self):
        self.thread.join()
        assert self.answered == self.count


def test_reload_sysctl_and_policy(lab, pair):
    keys = sas()
    pair.load((keys + policies(0), keys + policies(1)))
    steady = Steady(lab, 150)
    for value in ("0", "1", "2"):
        pair.config["gw1"]["sysctl"] = {"net.inet.ipsec.dfbit": int(value)}
        pair.write_config()
        extra = f"spdadd 10.1.0.0/16 10.77.{value}.0/24 any -P out discard;\n"
        pair.load((keys + extra + policies(0), keys + policies(1)))
        assert value in pair.gw1.ctl("sysctl", "net.inet.ipsec.dfbit").stdout.split("=")[-1]
        assert any(p["dst"] == f"10.77.{value}.0/24" for p in pair.gw1.stats()["policies"])
        time.sleep(0.2)
    steady.end()
    del pair.config["gw1"]["sysctl"]
    pair.write_config()


def test_reload_allows_legacy(pair):
    """A parameter and what it permits may come with the same reload, and a refused one leaves it as it was."""
    old = f'add 192.0.2.1 192.0.2.9 esp 0x9001 -E 3des-cbc "{"a" * 24}" -A hmac-sha1 "{"b" * 20}";\n'
    text = tunnel()
    pair.load(text)
    before = pair.config["gw1"].get("sysctl", {})
    pair.write_keys((text[0] + old, text[1]))
    assert "not secure" in pair.gw1.reload()
    assert "= 0" in pair.gw1.ctl("sysctl", "net.inet.ipsec.allow_legacy").stdout
    pair.config["gw1"]["sysctl"] = {"net.inet.ipsec.allow_legacy": 1}
    pair.write_config()
    assert "is in force: 3 SAs" in pair.gw1.reload()
    pair.config["gw1"]["sysctl"] = before
    pair.write_config()
    assert "nothing is changed" in pair.gw1.reload()
    assert "= 1" in pair.gw1.ctl("sysctl", "net.inet.ipsec.allow_legacy").stdout
    pair.load(text)


def test_reload_routes(lab, pair):
    pair.load(("flush; spdflush;\n",) * 2)
    pair.config["gw1"]["routes"].append({"to": "10.55.0.0/16", "via": "192.0.2.2"})
    pair.write_config()
    assert "is in force" in pair.gw1.reload()
    n, text = ping(lab, "10.55.0.1")
    assert n == 0 and "From 192.0.2.2" in text, text  # gw2 has no route for it
    pair.config["gw1"]["routes"].pop()
    pair.write_config()
    assert "is in force" in pair.gw1.reload()
    n, text = ping(lab, "10.55.0.1")
    assert n == 0 and "From 10.1.0.1" in text, text


@pytest.mark.parametrize("what", ["ports", "broken"])
def test_reload_refused(lab, pair, what):
    """What needs a restart, and what is wrong, is said; everything stays as it was."""
    pair.load(tunnel())
    steady = Steady(lab, 30)
    good = json.dumps(pair.config["gw1"])
    if what == "ports":
        pair.config["gw1"]["ports"][0]["mtu"] = 1400
        pair.write_config()
    else:
        with open(pair.path(pair.gw1), "w", encoding="ascii") as f:
            f.write(good[:-1])
    said = pair.gw1.reload()
    assert "nothing is changed" in said, said
    assert ("ports" in said and "restart" in said) if what == "ports" else "gw1.json:1:" in said, said
    pair.config["gw1"] = json.loads(good)
    pair.write_config()
    steady.end()


def test_stop_under_load(lab, pair):
    """SIGTERM in the middle of a transfer: drained, status 0, no leak; and back."""
    pair.load(tunnel())
    server = serve(lab)
    client = lab.popen("host1", "iperf3", "-c", ADDRESS["host2", 4], "-t", "20", stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    for g in pair.gateways:
        before = g.stats()["sas"][0]["packets"]
        assert before > 100
        assert_clean(g, g.stop())
        assert not os.path.exists(g.rpc)
    client.kill()
    server.kill()
    pair.start(tunnel())
    answered(lab, ADDRESS["host2", 4], count=2)


def wanted_cpu(pid):
    """Seconds that all threads ran or would have liked to run: other load on the machine changes nothing."""
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as f:
            ran, waited, _ = f.read().split()
        total += int(ran) + int(waited)
    return total / 1e9


def test_idle_cpu(pair):
    pair.load(tunnel())
    time.sleep(1.2)  # control stays awake for a second after the last packet for it
    begin, used = time.monotonic(), [g.cpu_seconds() for g in pair.gateways]
    time.sleep(2)
    wall = time.monotonic() - begin
    for g, before in zip(pair.gateways, used):
        share = (g.cpu_seconds() - before) / wall
        assert share < 0.2, f"{g.ns}: {share:.0%} of a core without traffic"


def test_poll_always(lab, pair):
    g = pair.gw1
    assert_clean(g, g.stop())
    g.start(pair.path(g), "--poll", "always")
    g.wait_ready()
    begin, used = time.monotonic(), wanted_cpu(g.process.pid)
    time.sleep(1)
    share = (wanted_cpu(g.process.pid) - used) / (time.monotonic() - begin)
    assert share > 0.9, f"{share:.0%} of a core"
    assert g.stats()["workers"][0]["sleeps"] == 0
    pair.load(tunnel())
    answered(lab, ADDRESS["host2", 4], count=3)
    assert_clean(g, g.stop())
    g.start(pair.path(g))
    g.wait_ready()


def test_policies_change_under_load(lab, pair):
    """Fifty times other policies on both gateways while 20 Mbit/s pass: never a packet in clear."""
    keys = sas()
    variants = []
    for n in range(5):
        # Narrower policies before the wide ones, in changing number and order; all demand the same tunnel.
        texts = []
        for me in (0, 1):
            (mine, yours), text = (OUTER[4][me], OUTER[4][1 - me]), keys
            for k in range(n):
                here, there = (NETS[0][me].replace(".0.0/", f".{k}.0/"), NETS[0][1 - me].replace(".0.0/", f".{k}.0/"))
                here, there = here.replace("/16", "/24"), there.replace("/16", "/24")
                text += f"spdadd {here} {there} any -P out ipsec esp/tunnel/{mine}-{yours}/require;\n"
                text += f"spdadd {there} {here} any -P in ipsec esp/tunnel/{yours}-{mine}/require;\n"
            texts.append(text + policies(me))
        variants.append(texts)
    pair.load(variants[0])
    answered(lab, ADDRESS["host2", 4])
    capture = Capture(lab, expression=NOT_ESP)
    server = serve(lab)
    client = lab.popen("host1", "iperf3", "-c", ADDRESS["host2", 4], "-u", "-b", "20M", "-l", "1200", "-t", "30", "-J",
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.4)
    before = [g.stats()["sas"][0]["packets"] for g in pair.gateways]
    for i in range(1, 51):
        pair.load(variants[i % len(variants)])
    after = [g.stats()["sas"][0]["packets"] for g in pair.gateways]
    client.kill()
    server.kill()
    assert all(b > a + 1000 for a, b in zip(before, after)), (before, after)
    assert capture.stop() == []
