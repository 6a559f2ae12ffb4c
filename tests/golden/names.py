#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compare what the programs have with what the manual pages promise. Usage: NAMES GATEWAY CONTROL SOURCE_ROOT

NAMES prints the parameters, stages and drop reasons of this build; GATEWAY and CONTROL print their options with --help.
That the control program prints every drop reason and parameter is shown by tests/dp/test_ctl.c.
"""
import json
import pathlib
import re
import subprocess
import sys

NAMES, GATEWAY, CONTROL = sys.argv[1:4]
ROOT = pathlib.Path(sys.argv[4])
MAN_GATEWAY = "app/ipsecgw/dpdk-ipsecgw.8"
MAN_CONTROL = "app/ipsecgwctl/ipsecgwctl.8"
# Of EAL, not ours; the manual names some of them.
EAL = {"-l", "-m", "-a", "--no-huge", "--vdev", "--file-prefix", "--no-pci"}
problems = []


def same(what, have, promised):
    """Both are sets; each difference is a problem."""
    for name in sorted(have - promised):
        problems.append(f"{what}: {name} is not in the manual")
    for name in sorted(promised - have):
        problems.append(f"{what}: {name} is promised, but does not exist")


def output(*command):
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def section(text, title):
    return re.search(rf"^\.S[hs] {title}\n(.*?)(?=^\.S[hs] |\Z)", text, re.M | re.S).group(1)


def man_options(text):
    """Every option that a page names with Fl, of whatever macro; "Fl -" alone is the word between EAL and us."""
    found = set()
    for line in re.findall(r"^\.(.*\bFl .*)$", text, re.M):
        for part in re.findall(r"\bFl ((?:\S+(?: , )?)+)", line):
            found |= {"-" + w for w in part.split(" , ") if w not in ("-", "Fl")}
    return found


def help_options(text):
    return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", text))


def parameters(rows, others, readonly):
    have = {name: (low, high, default) for name, low, high, default in rows}
    items = re.findall(r"^\.It Ic (net\S+) Pq (-?\d+) to (-?\d+), default (-?\d+)$", read(MAN_GATEWAY), re.M)
    same("parameter", {f"{n} {v}" for n, v in have.items()}, {f"{n} {tuple(v)}" for n, *v in items})
    items = re.findall(r"^\.It Ic (net\S+) Pq .*\nThe same as\n\.Ic (\S+) \.$", read(MAN_GATEWAY), re.M)
    same("other name of a parameter", {" is ".join(o) for o in others}, {" is ".join(i) for i in items})
    items = re.findall(r"^\.It Ic (net\S+) Pq read-only$", read(MAN_GATEWAY), re.M)
    same("read-only parameter", {name for name, in readonly}, set(items))
    schema = json.loads(read("config/ipsecgw.schema.json"))["properties"]["sysctl"]["properties"]
    same("parameter of the schema", {f"{n} {v}" for n, v in have.items()},
         {f"{n} {tuple(str(p[k]) for k in ('minimum', 'maximum', 'default'))}" for n, p in schema.items()})


def commands():
    """Return {command: options} of the control program; its manual has the same commands."""
    lines = re.findall(r"^  ([a-z]+)  +(.*)$", output(CONTROL, "--help").split("commands:\n")[1], re.M)
    have = {name: help_options(rest) for name, rest in lines}
    items = re.findall(r"^\.It Cm (\S+)$", section(read(MAN_CONTROL), "DESCRIPTION"), re.M)
    same("command", set(have), set(items))
    words = set(" ".join(re.findall(r"^\.Cm (.*)$", section(read(MAN_CONTROL), "SYNOPSIS"), re.M)).split()) - {"|"}
    same("command of the synopsis", set(have), words)
    return have


def quoted(have):
    """What a page or document shows as "ipsecgwctl COMMAND --OPTION" can be typed."""
    for f in [MAN_GATEWAY, MAN_CONTROL, "README.md"] + [str(p.relative_to(ROOT)) for p in (ROOT / "config").rglob("*.md")]:
        for line in re.findall(r"^(?:\.Ql |\.Dl # |.*`| {4}).*?\bipsecgwctl +(?:-s \S+ +)?([a-z][^`\n]*)", read(f), re.M):
            name, *rest = line.split()
            if name not in have:
                problems.append(f"{f}: ipsecgwctl has no command {name}")
            for option in help_options(" ".join(rest)) - have.get(name, set()):
                problems.append(f"{f}: ipsecgwctl {name} has no option {option}")


def main():
    rows = [line.split() for line in output(NAMES).splitlines()]
    kinds = {kind: [r[1:] for r in rows if r[0] == kind] for kind in ("reason", "stage", "sysctl", "same", "readonly")}
    reasons = [r[0] for r in kinds["reason"]]
    if len(reasons) < 40 or len(set(reasons)) != len(reasons):
        problems.append("drop reasons are missing, or two have the same name")
    parameters(kinds["sysctl"], kinds["same"], kinds["readonly"])
    stages = re.findall(r"^\.It Li (\S+)$", section(read(MAN_CONTROL), "STAGES"), re.M)
    if [s[0] for s in kinds["stage"]] != stages:
        problems.append(f"stages are {kinds['stage']}, in the manual {stages}")
    same("drop reason", set(reasons),
         set(re.findall(r"^\.It Li (\S+)", section(read(MAN_CONTROL), "DROP REASONS"), re.M)))
    have = commands()
    quoted(have)
    same("option of ipsecgwctl", help_options(output(CONTROL, "--help")) | {"-h", "-V"}, man_options(read(MAN_CONTROL)))
    same("option of dpdk-ipsecgw", help_options(output(GATEWAY, "--help")) - EAL, man_options(read(MAN_GATEWAY)) - EAL)
    print("\n".join(problems + [f"{len(rows)} names, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
