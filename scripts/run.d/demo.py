#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration of scripts/run: two networks, two gateways, ESP between them."""
import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import hugepages
from lab import ROOT, Gateway, Lab, LabError, eal_options
from wire import Capture, clear

PAGES = 2 * 140  # of 2 MB: -m 256 for each gateway, and what EAL rounds up
RUN_DIR = "/run/dpdk-ipsecgw"  # sockets of config/demo


def say(text):
    print(f"== {text}", flush=True)


def show(text):
    print("\n".join("   " + line for line in text.rstrip().splitlines()), flush=True)


class Demo:
    """Each step prints what it does; what went wrong is collected and told at the end."""

    def __init__(self, lab, build):
        self.lab = lab
        self.build = build
        self.gateways = []
        self.wrong = []

    def fail(self, text):
        say(f"WRONG: {text}")
        self.wrong.append(text)

    def start(self):
        say("making namespaces: host1 - gw1 - wan - gw2 - host2")
        self.lab.build()
        os.makedirs(RUN_DIR, mode=0o750, exist_ok=True)
        huge, text = hugepages.reserve(PAGES)
        say(text)
        try:
            self.start_gateways(huge)
        except LabError as e:
            if not huge:
                raise
            say("the gateways do not start with hugepages; running without (--no-huge), which is slower")
            show(str(e))
            self.start_gateways(False)

    def start_gateways(self, huge):
        for g in self.gateways:
            g.process.kill()
            g.process.wait()
        self.gateways = [Gateway(self.lab, ns, self.build, eal)
                         for ns, eal in zip(("gw1", "gw2"), eal_options(huge))]
        say("starting two gateways: config/demo/gw1.json, config/demo/gw2.json")
        for g in self.gateways:
            g.start(f"{ROOT}/config/demo/{g.ns}.json")
        for g in self.gateways:
            g.wait_ready()
            show(f"{g.ns}: " + re.sub(r"^.*ready: ", "ready: ", g.log().strip().splitlines()[-1]))

    def ping(self, address):
        say(f"host1 pings host2: {address}")
        p = self.lab.run("host1", "ping", "-n", "-c", "5", "-i", "0.2", "-W", "2", address, check=False)
        show("\n".join(line for line in p.stdout.splitlines() if "bytes from" in line or "loss" in line))
        if p.returncode != 0 or " 0% packet loss" not in p.stdout:
            self.fail(f"ping {address} through the tunnel")

    def transfer(self, seconds):
        say(f"TCP through the tunnel for {seconds} s (iperf3, host1 to host2)")
        server = self.lab.popen("host2", "iperf3", "-s", "-1", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        p = self.lab.run("host1", "iperf3", "-c", "10.2.0.2", "-t", str(seconds), "-J", check=False,
                         timeout=seconds + 30)
        server.kill()
        try:
            rate = json.loads(p.stdout)["end"]["sum_received"]["bits_per_second"]
        except (ValueError, KeyError):
            rate = 0
        if rate > 0:
            show(f"{rate / 1e6:.0f} Mbit/s received")
        else:
            show(p.stdout)
            self.fail("iperf3 through the tunnel")

    def on_the_wan(self):
        """What a stranger between the gateways sees of pings; in tcpdump's words, so that nobody must trust ours."""
        say("meanwhile on the wan: tcpdump -n -i gw1")
        watch = self.lab.popen("wan", "tcpdump", "-l", "-n", "-t", "-i", "gw1", "-c", "6", stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
        time.sleep(0.5)
        for address in ("10.2.0.2", "fd00:2::2"):
            self.lab.run("host1", "ping", "-n", "-c", "4", "-i", "0.1", "-W", "2", address, check=False)
        try:
            show(watch.communicate(timeout=5)[0])
        except subprocess.TimeoutExpired:
            watch.kill()

    def audit(self, capture):
        kinds = capture.kinds()
        say("everything that was on the wan, counted")
        for k, n in sorted(kinds.items()):
            show(f"{n:8} {k}")
        bad = clear(kinds)
        if bad:
            self.fail("clear text on the wan: " + ", ".join(bad))
        if kinds["ESP"] == 0:
            self.fail("no ESP on the wan")

    def once(self, seconds):
        capture = Capture(self.lab)
        self.ping("10.2.0.2")
        self.ping("fd00:2::2")
        self.on_the_wan()
        self.transfer(seconds)
        self.audit(capture)

    def table(self):
        say("counters of both gateways (ipsecgwctl top)")
        for g in self.gateways:
            show(f"---- {g.ns} ----")
            show(g.ctl("top", "--count", "1").stdout)

    def background(self):
        """Something to look at in the live table."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.lab.popen("host2", "iperf3", "-s", **quiet)
        time.sleep(0.3)
        self.lab.popen("host1", "iperf3", "-c", "10.2.0.2", "-t", "0", "-b", "20M", **quiet)
        self.lab.popen("host1", "ping", "-n", "-i", "0.5", "fd00:2::2", **quiet)

    def live(self):
        say("traffic goes on; the table below is live. Ctrl-C ends it and removes everything.")
        self.background()
        time.sleep(2)
        tops = [Top(self.lab, g) for g in self.gateways]
        while all(g.process.poll() is None for g in self.gateways):
            time.sleep(1)
            if sys.stdout.isatty():
                # Home, then clear what follows: the table stays in place and does not flicker.
                sys.stdout.write("\033[H\033[J")
            for t in tops:
                print(t.text(), flush=True)
            print("Ctrl-C ends this.", flush=True)
        raise LabError("a gateway ended by itself; its log:\n" + "\n".join(g.log() for g in self.gateways))

    def stop(self):
        """SIGTERM, as an administrator would; the gateways audit what they allocated."""
        for g in self.gateways:
            if g.process is None or g.process.poll() is not None:
                continue
            status = g.stop()
            log = g.log()
            if status != 0 or "leaked" in log or "AddressSanitizer" in log:
                show(log)
                self.fail(f"{g.ns} stopped with status {status}" + (" and a leak" if "leaked" in log else ""))

    def remove(self):
        self.lab.close()
        hugepages.release()
        for g in ("gw1", "gw2"):
            with contextlib.suppress(OSError):
                os.unlink(f"{RUN_DIR}/{g}.sock")
        with contextlib.suppress(OSError):
            os.rmdir(RUN_DIR)  # stays if a gateway of this machine uses it


class Top:
    """ipsecgwctl top of one gateway, its last whole table."""

    def __init__(self, lab, gateway):
        self.name = gateway.ns
        self.whole = []
        self.process = lab.popen("wan", gateway.ctl_program, "-s", gateway.rpc, "top", stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)  # that it ends with its gateway is no news
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        lines = []
        for line in self.process.stdout:
            if line.startswith("dpdk-ipsecgw, up") and lines:
                self.whole, lines = lines, []
            lines.append(line.rstrip("\n"))

    def text(self):
        return f"---- {self.name} ---- " + "\n".join(self.whole)


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    p = argparse.ArgumentParser(prog="scripts/run", description=__doc__)
    p.add_argument("--once", action="store_true", help="run through once and exit with a status")
    p.add_argument("--build", help=argparse.SUPPRESS)
    args = p.parse_args()
    demo = None
    signal.signal(signal.SIGTERM, interrupted)
    try:
        demo = Demo(Lab("demo"), args.build)
        demo.start()
        demo.once(2 if args.once else 3)
        if args.once:
            demo.table()
        else:
            demo.live()
    except KeyboardInterrupt:
        print()
    except (LabError, OSError, subprocess.SubprocessError) as e:
        if demo is None:
            print(f"scripts/run: {e}", file=sys.stderr)
            return 1
        demo.fail(str(e))
    # From here on a second Ctrl-C must not leave half of it behind.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        say("stopping the gateways and removing the namespaces")
        demo.stop()
    except LabError as e:
        demo.fail(str(e))
    finally:
        demo.remove()
    say("all is well" if not demo.wrong else "this went wrong: " + "; ".join(demo.wrong))
    return 1 if demo.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
