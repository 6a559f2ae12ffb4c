# SPDX-License-Identifier: BSD-2-Clause
"""Command lines and configuration files of everything that is measured.

All run the same ports: net_pcap0 with infinite_rx (port 0) in, net_null0 (port 1) out, one worker.
"""
import json
import os
from dataclasses import dataclass

import protect
import traffic

TX_PORT = "net_null0"


@dataclass
class Setup:
    """What the contestants share."""
    worker: int  # core
    main: int  # core of everything else
    memory: list  # EAL options: hugepages or not
    build: str  # meson build directory
    secgw: str  # path of ipsec-secgw
    daemon: str  # path of dpdk-ipsecgw, "" if it is not built


def eal(setup, work, name, both_cores=False, ports=True, device=""):
    cores = f"{setup.main},{setup.worker}" if both_cores else str(setup.worker)
    args = ["-l", cores, *setup.memory, "--no-pci", "--no-telemetry",
            f"--file-prefix=bench{os.getpid()}{name}"]
    if ports:
        args += [f"--vdev=net_pcap0,rx_pcap={work}/in.pcap,infinite_rx=1",
                 f"--vdev={TX_PORT},no-rx=1"]
    return args + ([f"--vdev={device}"] if device else [])


def colons(key):
    return ":".join(f"{b:02x}" for b in key)


# --- the floor: nothing but the two ports -----------------------------------------------------------

def floor(setup, cell, work):
    return ["dpdk-testpmd", *eal(setup, work, "floor", both_cores=True), "--", "--forward-mode=io",
            "--auto-start", "--nb-cores=1", "--total-num-mbufs=8192", "--stats-period=0"]


# --- the bare ciphers ------------------------------------------------------------------------------

def raw(kind):
    def command(setup, cell, work):
        device = f"{cell.alg.device}0" if kind == "cryptodev" else ""
        lengths = ",".join(str(traffic.cipher_len(cell.alg, s)) for s in cell.sizes)
        direction = "open" if cell.path == "inbound" else "seal"
        args = ["--", kind, cell.alg.raw or cell.alg.name, direction, str(cell.sas), lengths]
        return [f"{setup.build}/tests/bench/bench_raw",
                *eal(setup, work, kind, ports=False, device=device), *args, *([device] if device else [])]
    return command


# --- ipsec-secgw -----------------------------------------------------------------------------------

def secgw_rule(cell, sa, way):
    remote = traffic.REMOTE if cell.sas == 1 else f"10.2.{sa.index >> 8}.{sa.index & 255}/32"
    src, dst = (remote, traffic.LOCAL) if way == "in" else (traffic.LOCAL, remote)
    return (f"sp ipv4 {way} esp protect {sa.spi} pri 1 src {src} dst {dst} "
            "sport 0:65535 dport 0:65535\n")


def secgw_sa(cell, sa, way, extra):
    keys = sa.alg.secgw.format(e=colons(sa.enc), a=colons(sa.auth))
    src, dst = (traffic.FAR, traffic.NEAR) if way == "in" else (traffic.NEAR, traffic.FAR)
    return f"sa {way} {sa.spi} {keys} mode ipv4-tunnel src {src} dst {dst}{extra}\n"


def secgw_config(cell, sas, extra):
    way = "in" if cell.path == "inbound" else "out"
    text = "".join(secgw_rule(cell, sa, way) for sa in sas)
    text += "".join(secgw_sa(cell, sa, way, extra) for sa in sas)
    if cell.path == "outbound":  # it refuses an unprotected port without any inbound SA
        text += secgw_rule(cell, sas[0], "in") + secgw_sa(cell, sas[0], "in", extra)
    for net in (traffic.LOCAL, traffic.REMOTE, "192.0.2.0/24"):
        text += f"rt ipv4 dst {net} port 1\n"
    return text + "neigh port 1 02:00:00:00:00:02\n"


def secgw(name, options, extra=""):
    """No replay window: the packets repeat. The SAD cache is made large enough for all SAs."""
    def command(setup, cell, work):
        sas = [traffic.Sa(i, cell.alg) for i in range(max(cell.sas, 1))]
        path = f"{work}/{name}.cfg"
        with open(path, "w", encoding="ascii") as f:
            f.write(secgw_config(cell, sas if cell.sas else [], extra))
        args = ["-p", "0x3", "-P", "-f", path, *options]
        if cell.path != "forward":
            args += ["-u", "0x1" if cell.path == "inbound" else "0x2"]
        args += ["--config", f"(0,0,{setup.worker}),(1,0,{setup.worker})"]
        if cell.sas > 128:
            args += ["-c", str(cell.sas)]
        return [setup.secgw, *eal(setup, work, name, device=f"{cell.alg.device}0"), "--", *args]
    return command


# --- dpdk-ipsecgw ----------------------------------------------------------------------------------

# By the form of the packet: what stands for the protocol in "add", and what the policy asks for.
SHAPES = {
    "tunnel": ("esp", "esp/tunnel/{ends}/{level}"),
    "transport": ("esp", "esp/transport//{level}"),
    "udp": ("esp-udp", "esp/tunnel/{ends}/{level}"),
    "ah": ("ah", "ah/tunnel/{ends}/{level}"),
    "esp+ah": ("esp", "esp/tunnel/{ends}/{level} ah/transport/{ends}/{level}"),
    "ipcomp": ("esp", "ipcomp/tunnel/{ends}/use esp/transport/{ends}/{level}"),
}


def companions(shape, sa, ends, keys):
    """The other SAs of a bundle."""
    if shape == "esp+ah":
        return [f"add {ends} ah 0x{sa.spi + protect.AH_SPI:x} -window 0 -A hmac-sha2-256 0x{sa.auth.hex()};"]
    return [f"add {ends} ipcomp {protect.CPI_DEFLATE} -C deflate;"] if shape == "ipcomp" else []


def setkey_text(cell, sas):
    inbound, shape = cell.path == "inbound", cell.alg.shape
    src, dst = (traffic.FAR, traffic.NEAR) if inbound else (traffic.NEAR, traffic.FAR)
    lines = ["flush;", "spdflush;"]
    for sa in sas:
        keys = sa.alg.setkey.format(E="0x" + sa.enc.hex(), A="0x" + sa.auth.hex())
        many = cell.sas > 1
        reqid = f" -u {sa.index + 1}" if many else ""
        remote = f"10.2.{sa.index >> 8}.{sa.index & 255}/32" if many else traffic.REMOTE
        level = f"unique:{sa.index + 1}" if many else "require"
        selectors = f"{remote} {traffic.LOCAL} any -P in" if inbound else \
                    f"{traffic.LOCAL} {remote} any -P out"
        ends = f"{src} {dst}"
        if shape == "transport":
            ends = "10.2.0.0 10.1.0.1" if inbound else "10.1.0.1 10.2.0.0"
        lines.append(f"add {ends} {SHAPES[shape][0]} 0x{sa.spi:x}{reqid} -window 0 {keys};")
        lines += companions(shape, sa, ends, keys)
        requests = SHAPES[shape][1].format(ends=f"{src}-{dst}", level=level)
        lines.append(f"spdadd {selectors} ipsec {requests};")
    return "\n".join(lines) + "\n"


def daemon_config(cell, work, name, engine):
    wan, lan = "192.0.2.1/24", "10.3.0.1/24"
    ends = [wan, lan] if cell.path == "inbound" else [lan, wan]
    hop = "10.3.0.2" if cell.path == "inbound" else traffic.FAR
    conf = {
        "ports": [
            {"name": "in", "addresses": [ends[0]],
             "device": f"net_pcap0,rx_pcap={work}/in.pcap,infinite_rx=1"},
            {"name": "out", "addresses": [ends[1]], "device": f"{TX_PORT},no-rx=1"},
        ],
        "routes": [{"to": traffic.LOCAL if cell.path == "inbound" else traffic.REMOTE, "via": hop}],
        "neighbours": [{"address": hop, "mac": "02:00:00:00:00:02", "port": "out"}],
        "crypto": {"engine": engine, "calibrate": False,
                   "devices": [f"{cell.alg.device}0"] if engine == "lookaside" else []},
        "control": {"rpc": f"{work}/{name}.sock"},
    }
    if cell.sas:
        conf["setkey"] = [f"{work}/{name}.setkey"]
    return conf


def daemon(engine):
    def command(setup, cell, work):
        name = f"ours-{engine}"
        sas = [traffic.Sa(i, cell.alg) for i in range(cell.sas)]
        with open(f"{work}/{name}.json", "w", encoding="ascii") as f:
            json.dump(daemon_config(cell, work, name, engine), f, indent=1)
        with open(f"{work}/{name}.setkey", "w", encoding="ascii") as f:
            f.write(setkey_text(cell, sas))
        os.chmod(f"{work}/{name}.setkey", 0o600)
        return [setup.daemon, *eal(setup, work, name, both_cores=True, ports=False), "--",
                "--config", f"{work}/{name}.json", "--poll", "always"]
    return command


@dataclass(frozen=True)
class Contestant:
    name: str
    title: str
    command: object
    probed: bool = True  # read by the preloaded probe; bench_raw samples itself
    checked: bool = True  # its packets are checked
    paths: tuple = ("outbound", "inbound")
    can: object = lambda alg: True


def by_secgw(alg):
    return alg.secgw != ""


ALL = (
    Contestant("floor", "ports alone (testpmd io)", floor, checked=False,
               paths=("forward", "outbound", "inbound")),
    Contestant("imb", "bare libipsec-mb", raw("imb"), probed=False, checked=False,
               can=lambda alg: alg.raw != "none"),
    Contestant("cryptodev", "bare cryptodev", raw("cryptodev"), probed=False, checked=False,
               can=lambda alg: not alg.is_extra),
    Contestant("secgw-legacy", "ipsec-secgw legacy", secgw("secgw-legacy", []),
               paths=("forward", "outbound", "inbound"), can=by_secgw),
    Contestant("secgw-lib", "ipsec-secgw -l", secgw("secgw-lib", ["-l"]),
               paths=("forward", "outbound", "inbound"), can=by_secgw),
    Contestant("secgw-cpu", "ipsec-secgw -l cpu-crypto",
               secgw("secgw-cpu", ["-l"], " type cpu-crypto"), can=by_secgw),
    Contestant("direct", "dpdk-ipsecgw direct", daemon("direct"),
               paths=("forward", "outbound", "inbound")),
    Contestant("lookaside", "dpdk-ipsecgw lookaside", daemon("lookaside"),
               can=lambda alg: alg.shape != "ipcomp"),
)
