# SPDX-License-Identifier: BSD-2-Clause
"""The table, as text and as markdown, and the JSON record."""
import json
from dataclasses import asdict

import contestants

SECGW = ("secgw-legacy", "secgw-lib", "secgw-cpu")
SECGW_LOOKASIDE = ("secgw-legacy", "secgw-lib")
COLUMNS = ("floor", "imb", "cryptodev", "secgw-legacy", "secgw-lib", "secgw-cpu", "direct", "lookaside")
HEADS = {"floor": "ports", "imb": "ipsec-mb", "cryptodev": "cryptodev", "secgw-legacy": "secgw legacy",
         "secgw-lib": "secgw -l", "secgw-cpu": "secgw cpu-crypto", "direct": "ours direct",
         "lookaside": "ours lookaside"}

NOTE = """\
TSC cycles per packet of one worker on one core: 5th percentile of many 2 ms intervals / their median; intervals in
which another program had the core do not count. All columns of a line were measured in one run on the same packets, in
interleaved slices, and the packets sent were checked. Size: the plain Ethernet frame without FCS; IMIX is 7:4:1 of 64, 594 and 1420. net_pcap with infinite_rx in, net_null out. The replay window is off in every
contestant, because the packets repeat. One SA carries 64 flows; of 1024 SAs each has its own policy and one flow, and
neighbours in a burst differ. Ports: testpmd io on the same ports. ipsec-mb and cryptodev: the cipher alone, no ports.
ipsec-secgw is changed in one line: it no longer demands receive checksum offload, which these ports do not have.
vs secgw: the best ipsec-secgw of the line divided by direct; its best of legacy and -l divided by lookaside.
"""


def best_of(results, names):
    found = [results[n].best for n in names if n in results and not results[n].error]
    return min(found) if found else None


def ratio(results, ours, theirs):
    mine, other = best_of(results, (ours,)), best_of(results, theirs)
    return f"{other / mine:.2f}" if mine and other else "-"


def figure(results, name):
    one = results.get(name)
    if one is None:
        return "-"
    if one.error:
        return "failed"
    return f"{one.best:.0f} / {one.median:.0f}" + (" *" if one.remark else "")


def head():
    return ["path", "algorithm", "SAs", "size", *(HEADS[c] for c in COLUMNS), "direct Mpps",
            "direct vs secgw", "lookaside vs secgw"]


def line(cell, results):
    plain = cell.path == "forward"
    mine = results.get("direct")
    return [cell.path, "-" if plain else cell.alg.title, "-" if plain else str(cell.sas), str(cell.size),
            *(figure(results, c) for c in COLUMNS),
            f"{mine.mpps:.2f}" if mine and not mine.error else "-",
            ratio(results, "direct", SECGW), ratio(results, "lookaside", SECGW_LOOKASIDE)]


def remarks(rows):
    titles = {c.name: c.title for c in contestants.ALL}
    found = sorted({(titles[n], r.remark) for _, results in rows for n, r in results.items() if r.remark})
    return "".join(f"* {title}: {text}.\n" for title, text in found)


def machine_line(machine):
    return (f"{machine['cpu']}, {machine['cpus']} CPUs, TSC {machine['tsc_mhz']} MHz, DPDK {machine['dpdk']}, "
            f"libipsec-mb {machine['ipsec_mb']}, memory: {machine['memory']}\n")


def shown(rows):
    """Only columns in which something was measured."""
    lines = [line(cell, results) for cell, results in rows]
    keep = [i for i, _ in enumerate(head()) if i < 4 or any(x[i] != "-" for x in lines)]
    return [[x[i] for i in keep] for x in [head(), *lines]]


def text_table(rows):
    lines = shown(rows)
    width = [max(len(x[i]) for x in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(v.ljust(w) for v, w in zip(x, width)).rstrip() for x in lines) + "\n"


def markdown_table(rows):
    lines = shown(rows)
    lines.insert(1, ["---"] * 4 + ["---:"] * (len(lines[0]) - 4))
    return "\n".join("| " + " | ".join(x) + " |" for x in lines) + "\n"


def text(rows, machine):
    return "\n".join((machine_line(machine) + NOTE, text_table(rows), remarks(rows)))


def markdown(rows, machine):
    return "\n".join((machine_line(machine) + NOTE, markdown_table(rows), remarks(rows)))


def record(rows, machine):
    return json.dumps({"machine": machine, "rows": [
        {"path": c.path, "algorithm": None if c.path == "forward" else c.alg.name, "sas": c.sas, "size": c.size,
         "results": {n: asdict(r) for n, r in results.items()}} for c, results in rows]}, indent=1) + "\n"
