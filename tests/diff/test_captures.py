#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a Linux kernel sent is opened, all of it, and none of it with a wrong key. Usage: test_captures.py GW_TOOL"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "../data/linux")
OPEN_CAPTURE = os.path.join(HERE, "../tools/open-capture")
ENGINES = ["direct", "crypto_openssl0", "crypto_aesni_mb0"]


def run(tool, keys, engine="direct"):
    """@return {case: (opened, of how many)}, the lines, and the exit status"""
    captures = sorted(glob.glob(f"{DATA}/*.pcap"))
    p = subprocess.run([OPEN_CAPTURE, "--tool", tool, "--engine", engine, "--keys", keys, *captures],
                       stdout=subprocess.PIPE, text=True, check=False, timeout=100)
    found = re.findall(r"^(\S+): (\d+) of (\d+) opened$", p.stdout, re.MULTILINE)
    return {name: (int(a), int(b)) for name, a, b in found}, p.stdout, p.returncode


def all_opened(tool, engine, cases):
    got, text, status = run(tool, f"{DATA}/cases.json", engine)
    wrong = []
    for c in cases:
        good, n = got.get(c["name"], (0, 0))
        if good == n == c["pkts"]:
            continue
        if engine == "direct" or "no crypto engine offers" not in text.partition(c["name"] + ":")[2][:200]:
            wrong.append(f"{c['name']}: {good} of {n} opened, {c['pkts']} expected")
    if wrong:
        sys.exit("\n".join([text, engine, *wrong]))
    if (status == 0) != all(a == b for a, b in got.values()):
        sys.exit(f"{engine}: exit status {status}")
    print(f"{engine}: {sum(a for a, _ in got.values())} packets opened")


def spoilt(text):
    """Every key of an ip-xfrm command with its first bit inverted."""
    return re.sub(r"0x([0-9a-f]{16,})", lambda m: f"0x{int(m[1][:2], 16) ^ 0x80:02x}{m[1][2:]}", text)


def none_opened(tool, cases):
    """Negative control: the same SAs with other keys."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump({"cases": [{**c, "cmd": spoilt(c["cmd"])} for c in cases]}, f)
        f.flush()
        got, text, status = run(tool, f.name)
    # An SA that nobody could make proves nothing; what remains was dropped for its ICV.
    lines = [line for line in text.splitlines() if " seq " in line and "no SA: " not in line]
    bad = [line for line in lines if not line.endswith("dropped sec.auth")]
    if bad or not lines or status != 1 or any(a for a, _ in got.values()):
        sys.exit("\n".join(["with wrong keys:", *bad, f"exit status {status}, {len(lines)} packets"]))
    print(f"wrong keys: {len(lines)} packets dropped")


def main():
    with open(f"{DATA}/cases.json", encoding="utf-8") as f:
        cases = json.load(f)["cases"]
    if len(cases) != 35 or len(glob.glob(f"{DATA}/*.pcap")) != 35:
        sys.exit("there are 35 captures with a case each")
    for engine in ENGINES:
        all_opened(sys.argv[1], engine, cases)
    none_opened(sys.argv[1], cases)


if __name__ == "__main__":
    main()
