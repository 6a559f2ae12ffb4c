# SPDX-License-Identifier: BSD-2-Clause
"""Run the contestants of one cell in interleaved slices, and read what their samplers wrote.

All contestants are started once and then stopped (SIGSTOP). One at a time is let run for a slice on the worker's core.
"""
import ctypes
import mmap
import os
import re
import signal
import statistics
import struct
import subprocess
import time
from dataclasses import dataclass, field

import contestants
import traffic

# The layout of tests/bench/shm.h.
MAGIC, HEAD, SAMPLE = 0x62656E63, struct.Struct("<IIIIQQ"), struct.Struct("<5Q")
SAMPLES, CAPTURES, PACKET = 65536, 64, 2048
RING = HEAD.size
PACKETS = RING + SAMPLES * SAMPLE.size
SHM_LEN = PACKETS + CAPTURES * PACKET
SAMPLING = 2
WARM_UP = 3  # samples after a stop that are thrown away: caches of the other contestants
BUSY = 0.98  # share of the core that a worker must have had for an interval to count
START_S = 30
ENOUGH = 60  # undisturbed intervals that a figure needs; below, more slices are run


class Failed(Exception):
    """A contestant did not start, stopped, or sent wrong packets."""


@dataclass
class Result:
    best: float = 0.0  # cycles per packet, 5th percentile
    median: float = 0.0
    mpps: float = 0.0  # at the best figure
    intervals: int = 0
    disturbed: int = 0  # intervals in which others had the worker's core
    loss: float = 0.0  # share of received packets that were not sent
    remark: str = ""
    error: str = ""


@dataclass
class Runner:
    who: object
    work: str
    proc: object = None
    shm: object = None
    hz: int = 0
    seen: int = 0  # samples read so far
    cycles: list = field(default_factory=list)
    disturbed: int = 0
    received: int = 0
    sent: int = 0
    remark: str = ""
    last_hz = 0  # TSC frequency, of the newest contestant

    @property
    def log(self):
        return f"{self.work}/{self.who.name}.log"

    def header(self):
        return HEAD.unpack_from(self.shm, 0)

    def start(self, setup, cell):
        path = f"{self.work}/{self.who.name}.shm"
        with open(path, "w+b") as f:
            f.truncate(SHM_LEN)
            self.shm = mmap.mmap(f.fileno(), SHM_LEN)
        env = dict(os.environ, BENCH_SHM=path, BENCH_CPU=str(setup.main),
                   BENCH_WORKER=str(setup.worker), BENCH_PORT=contestants.TX_PORT)
        if self.who.probed:
            env["LD_PRELOAD"] = f"{setup.build}/tests/bench/libbench_probe.so"
        with open(self.log, "wb") as log:
            self.proc = subprocess.Popen(
                self.who.command(setup, cell, self.work), env=env, stdin=subprocess.PIPE, stdout=log,
                stderr=subprocess.STDOUT, cwd=self.work, start_new_session=True,
                preexec_fn=die_with_parent)
        deadline = time.monotonic() + START_S
        while self.header()[1] != SAMPLING:
            if self.proc.poll() is not None or time.monotonic() > deadline:
                self.fail("does not send packets")
            time.sleep(0.01)
        self.hz = Runner.last_hz = self.header()[4]
        self.signal(signal.SIGSTOP)

    def fail(self, what):
        with open(self.log, errors="replace", encoding="utf-8") as f:
            lines = f.read().strip().splitlines()
        telling = [x for x in lines[:-6] if re.search("error|cause|fail|cannot|invalid", x, re.IGNORECASE)]
        tail = telling[-6:] + lines[-6:]
        raise Failed(f"{self.who.title} {what}\n" + "\n".join("      " + x for x in tail))

    def signal(self, number):
        os.kill(self.proc.pid, number)

    def captured(self):
        for i in range(CAPTURES):
            (n,) = struct.unpack_from("<I", self.shm, PACKETS + i * PACKET)
            yield self.shm[PACKETS + i * PACKET + 4:PACKETS + i * PACKET + 4 + n]

    def slice(self, number, seconds):
        struct.pack_into("<I", self.shm, 8, number)
        self.signal(signal.SIGCONT)
        time.sleep(seconds)
        self.signal(signal.SIGSTOP)
        if self.proc.poll() is not None:
            self.fail(f"stopped with status {self.proc.returncode}")
        head = self.header()[5]
        samples = [SAMPLE.unpack_from(self.shm, RING + i % SAMPLES * SAMPLE.size)
                   for i in range(max(self.seen, head - SAMPLES), head)]
        self.seen = head
        self.digest([s for s in samples if s[4] == number][WARM_UP:])

    def digest(self, samples):
        for a, b in zip(samples, samples[1:]):
            ticks, sent = b[0] - a[0], b[1] - a[1]
            if (b[3] - a[3]) * self.hz < BUSY * ticks * 1e9:
                self.disturbed += 1
                continue
            self.cycles.append(ticks / max(sent, 1))  # a worker that stalls is slow, not absent
            self.sent += sent
            self.received += b[2] - a[2]

    def result(self):
        if not self.cycles:
            self.fail("was never alone on its core")
        if self.sent == 0:
            self.fail("stopped sending")
        loss = max(0.0, 1 - self.sent / self.received) if self.received else 0.0
        if loss > 0.01:
            self.fail(f"lost {100 * loss:.1f} % of the packets")
        order = sorted(self.cycles)
        best = order[len(order) // 20]
        return Result(round(best, 1), round(statistics.median(order), 1), round(self.hz / best / 1e6, 3),
                      len(order), self.disturbed, round(loss, 5), self.remark)

    def stop(self):
        if self.proc is not None and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        if self.proc is not None:
            self.proc.stdin.close()


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def run_cell(setup, cell, who, work, rounds, seconds):
    """Measure one cell. Returns {name: Result}; a contestant that fails has an error instead of figures."""
    packets = traffic.make(cell)
    traffic.write_pcap(f"{work}/in.pcap", packets.frames)
    running, results = [], {}
    try:
        for one in who:
            runner = Runner(one, work)
            running.append(runner)
            guard(results, running, runner, lambda r=runner: launch(r, setup, cell, packets))
        for number in range(1, 4 * rounds + 1):
            for runner in [r for r in running if number <= rounds or len(r.cycles) < ENOUGH]:
                guard(results, running, runner, lambda r=runner: r.slice(number, seconds))
        for runner in list(running):
            guard(results, running, runner, lambda r=runner: results.update({r.who.name: r.result()}))
    finally:
        for runner in running:
            runner.stop()
    return results


def launch(runner, setup, cell, packets):
    runner.start(setup, cell)
    if runner.who.checked:
        wrong, runner.remark = traffic.check(cell, packets, list(runner.captured()))
        if wrong:
            runner.fail(f"works wrongly: {wrong}")


def guard(results, running, runner, step):
    try:
        step()
    except Failed as e:
        runner.stop()
        running.remove(runner)
        results[runner.who.name] = Result(error=str(e))
