#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The judge of scripts/bench: it passes what is right, and each wrong thing has its own complaint."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/bench.d"))
import measure  # noqa: E402
import traffic as t  # noqa: E402
import protect  # noqa: E402


def opened(cell, made, packet):
    """The judge opens what we send: from NEAR to FAR. The peer's packets go the other way."""
    by_spi = {sa.spi: sa for sa in made.sas}
    if cell.alg.shape == "ah":
        return protect.ah_take(protect.find(by_spi, packet[24:28]), packet)[0]
    if cell.alg.shape == "esp+ah":
        data, _ = protect.ah_take(protect.find(by_spi, packet[24:28], protect.AH_SPI), packet)
        return protect.unseal(protect.find(by_spi, data[:4]), data)[0]
    if cell.alg.shape != "transport":
        packet = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
    return protect.unprotect(cell, by_spi, packet)


def gateway(cell, made):
    """What a right gateway sends for the first 64 frames."""
    out = []
    for frame in made.frames[:64]:
        packet = frame[14:]
        if cell.path == "outbound":
            index = int.from_bytes(packet[18:20], "big") % cell.sas
            packet = protect.protect(cell, made.sas[index % len(made.sas)], packet)
        elif cell.path == "inbound":
            packet = opened(cell, made, packet)
        out.append(t.ethernet(packet))
    return out


def flip(frame, at):
    return frame[:at] + bytes((frame[at] ^ 1,)) + frame[at + 1:]


class Traffic(unittest.TestCase):
    def cells(self):
        for alg in t.ALGS.values():
            for sas in (1,) if alg.is_extra else (1, 1024):
                for size in (64, "IMIX"):
                    yield t.Cell("outbound", alg, sas, size)
                    yield t.Cell("inbound", alg, sas, size)
        yield t.Cell("forward", t.ALGS["gcm128"], 0, 64)

    def test_right_packets_pass(self):
        for cell in self.cells():
            with self.subTest(cell=cell):
                made = t.make(cell)
                self.assertEqual(t.check(cell, made, gateway(cell, made)), (None, None))

    def test_sizes(self):
        for cell in self.cells():
            frames = t.make(cell).frames
            if cell.path != "inbound" and cell.size != "IMIX":
                self.assertEqual({len(f) for f in frames}, {cell.size})
            self.assertLessEqual(max(len(f) for f in frames), 1514)

    def test_wrong_packets_are_named(self):
        for alg in (a for a in t.ALGS.values() if a.shape == "tunnel"):
            cell = t.Cell("outbound", alg, 1, 64)
            made = t.make(cell)
            right = gateway(cell, made)
            packet = right[0][14:]
            moved = t.ethernet(t.ip4(t.address(t.FAR), t.address(t.NEAR), 50, packet[20:]))
            for wrong, complaint in (
                    (made.frames[0], "without protection"),
                    (flip(right[0], 14 + 23), "without an SA"),  # SPI
                    (flip(right[0], 14 + 27), "does not authenticate"),  # sequence number
                    (flip(right[0], len(right[0]) - 1), "does not authenticate"),  # ICV
                    (flip(right[0], 14 + 8), "checksum"),
                    (moved, "tunnel addresses")):
                found, _ = t.check(cell, made, right[1:] + [wrong])
                self.assertIn(complaint, found or "nothing")

    def test_every_shape_is_judged(self):
        for alg in (a for a in t.ALGS.values() if a.shape != "tunnel"):
            with self.subTest(alg=alg.name):
                cell = t.Cell("outbound", alg, 1, 512)
                made = t.make(cell)
                right = gateway(cell, made)
                for wrong in (made.frames[0], flip(right[0], len(right[0]) - 1), flip(right[0], 60)):
                    self.assertIsNotNone(t.check(cell, made, right[1:] + [wrong])[0])

    def test_unknown_or_missing_packets(self):
        cell = t.Cell("inbound", t.ALGS["gcm128"], 1, 64)
        made = t.make(cell)
        right = gateway(cell, made)
        self.assertIn("not one of those", t.check(cell, made, right[1:] + [flip(right[0], 60)])[0])
        arp = [right[0][:12] + b"\x08\x06" + right[0][14:]] * 40
        self.assertIn("only 24 of 64", t.check(cell, made, right[:24] + arp)[0])

    def test_constant_iv_is_remarked(self):
        cell = t.Cell("outbound", t.ALGS["cbc-sha1"], 1, 64)
        made = t.make(cell)
        one = gateway(cell, made)[0]
        self.assertEqual(t.check(cell, made, [one] * 64), (None, "sends the same IV in every packet"))


class Digest(unittest.TestCase):
    def test_only_undisturbed_intervals_count(self):
        r = measure.Runner(None, "", hz=1000000000)
        #            tsc, out, in, cpu ns, epoch
        r.digest([(0, 0, 0, 0, 1), (2000000, 10000, 10000, 2000000, 1),  # 200 cycles each
                  (4000000, 15000, 15000, 3000000, 1),  # had half of the core
                  (6000000, 15000, 16000, 5000000, 1)])  # busy, and sent nothing
        self.assertEqual((r.cycles, r.disturbed), ([200.0, 2000000.0], 1))
        self.assertEqual((r.sent, r.received), (10000, 11000))


if __name__ == "__main__":
    unittest.main()
