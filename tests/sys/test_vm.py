# SPDX-License-Identifier: BSD-2-Clause
"""A virtual machine with a Linux kernel of its own keeps a tunnel to the gateway through a vhost-user port."""
import json
import os
import re

import pytest
import vm
from conftest import BUILD, assert_clean, base_config
from lab import Gateway, Lab, eal_options
from setkey import key

SIZES = [0, 56, 1000, 1400, 3000]
GUEST, OURS = "10.9.0.2", "10.9.0.1"


@pytest.fixture(scope="module")
def gateway():
    lab = Lab("testvm", wait=True)
    lab.build()
    g = Gateway(lab, "gw1", BUILD, eal_options(False)[0])
    config = base_config(lab, "gw1")
    config["ports"].append({"name": "vm", "device": f"net_vhost0,iface={lab.dir}/vm.sock",
                            "addresses": [f"{OURS}/24"]})
    config["routes"] = [{"to": "192.168.9.0/24", "via": GUEST}]
    with open(f"{lab.dir}/gw1.json", "w", encoding="ascii") as f:
        json.dump(config, f)
    yield g
    if g.process is not None and g.process.poll() is None:
        assert_clean(g, g.stop())
    lab.close()


def guest_script(keys):
    text = f"""
ip link set lo up; ip link set eth0 up
ip addr add {GUEST}/24 dev eth0
ip addr add 192.168.9.1/32 dev lo
ip route add 10.1.0.0/16 via {OURS} src 192.168.9.1
"""
    for spi, (src, dst), (near, far), way in (
            (0x1001, (GUEST, OURS), ("192.168.9.1/32", "10.1.0.0/16"), "out"),
            (0x1002, (OURS, GUEST), ("10.1.0.0/16", "192.168.9.1/32"), "in")):
        text += f"ip xfrm state add src {src} dst {dst} proto esp spi {spi} mode tunnel reqid 1 " \
                f"replay-window 32 aead 'rfc4106(gcm(aes))' {keys[spi]} 128\n" \
                f"ip xfrm policy add src {near} dst {far} dir {way} tmpl src {src} dst {dst} proto esp " \
                "mode tunnel reqid 1\n"
    pings = "".join(f"ping -c 2 -W 5 -s {n} 10.1.0.2 | grep received\n" for n in SIZES)
    return text + "sleep 1\n" + pings + "ip -s xfrm state | grep -A1 lifetime\ncat /proc/net/xfrm_stat\n"


def test_linux_in_a_virtual_machine(gateway):
    keys = {spi: key(20) for spi in (0x1001, 0x1002)}
    ends = {0x1001: f"{GUEST} {OURS}", 0x1002: f"{OURS} {GUEST}"}
    text = "".join(f"add {ends[spi]} esp {spi:#x} -m tunnel -window 64 -E aes-gcm-16 {keys[spi]};\n" for spi in keys)
    text += f"spdadd 192.168.9.0/24 10.1.0.0/16 any -P in ipsec esp/tunnel/{GUEST}-{OURS}/require;\n" \
            f"spdadd 10.1.0.0/16 192.168.9.0/24 any -P out ipsec esp/tunnel/{OURS}-{GUEST}/require;\n"
    path = f"{gateway.lab.dir}/gw1.setkey"
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, 0o600)
    gateway.start(f"{gateway.lab.dir}/gw1.json")
    gateway.wait_ready()
    console = vm.run(gateway.lab, "gw1", f"{gateway.lab.dir}/vm.sock", f"{BUILD}/vm-kernel", guest_script(keys))
    received = re.findall(r"(\d+) packets received", console)
    assert received == ["2"] * len(SIZES), console + gateway.log()
    for sa in gateway.stats()["sas"]:
        assert sa["packets"] >= 2 * len(SIZES), sa
