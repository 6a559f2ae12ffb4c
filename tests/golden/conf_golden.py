#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Load every NAME.json of a directory and compare what is said with NAME.err. Usage: CHECKER DIRECTORY [--write]"""
import pathlib
import subprocess
import sys


def main():
    checker = str(pathlib.Path(sys.argv[1]).resolve())
    where = pathlib.Path(sys.argv[2])
    write = "--write" in sys.argv[3:]
    inputs = sorted(where.glob("*.json"))
    bad = 0
    for f in inputs:
        # From inside the directory, so that messages name the file without its place on this machine.
        run = subprocess.run([checker, f.name], cwd=where, capture_output=True, encoding="utf-8", check=False)
        got = run.stdout + run.stderr
        golden = f.with_suffix(".err")
        if write:
            golden.write_text(got, encoding="utf-8")
        want = golden.read_text(encoding="utf-8") if golden.exists() else "(no such file)\n"
        if got != want or run.returncode != (0 if got.endswith(": ok\n") else 1):
            print(f"{f.name}: exit {run.returncode}\n  got  {got}  want {want}", end="")
            bad += 1
    for golden in sorted(where.glob("*.err")):
        if not golden.with_suffix(".json").exists():
            print(f"{golden.name}: its input is gone")
            bad += 1
    print(f"{len(inputs)} inputs, {bad} wrong")
    return 1 if bad or not inputs else 0


if __name__ == "__main__":
    sys.exit(main())
