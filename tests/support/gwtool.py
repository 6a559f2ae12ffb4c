# SPDX-License-Identifier: BSD-2-Clause
"""A whole gateway data path without a network: drives gw_tool, whose head says what its commands mean."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(ROOT, os.environ.get("IPSECGW_BUILD", "build"), "tests/dp/gw_tool")
LAN, WAN = 0, 1
MAC = [bytes.fromhex("020000000100"), bytes.fromhex("020000000101")]
NEIGHBOUR = {4: "10.1.0.2", 6: "fd00:1::2"}  # on the LAN, reachable from the start


class GwTool:
    """One process; open() begins with a new gateway."""

    def __init__(self, path=TOOL, engine="direct"):
        # Its own log goes to stderr.
        self.process = subprocess.Popen([path, engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.PIPE)

    def ask(self, *words):
        """@return the lines of the answer"""
        try:
            self.process.stdin.write(" ".join(str(w) for w in words) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        lines = []
        for line in self.process.stdout:
            if line == ".\n":
                return lines
            lines.append(line.rstrip("\n"))
        raise RuntimeError(f"gw_tool is gone ({self.process.wait()}): {' '.join(map(str, words))[:200]}: "
                           f"{' '.join(lines)} {self.process.stderr.read()}")

    def open(self, *addresses):
        self.ask("open", *addresses)

    def setkey(self, text):
        """@return None, or why it was refused"""
        said = self.ask("setkey", " ".join(text.split()))
        return said[0] if said else None

    def receive(self, port, packet):
        """An IP packet arrives. @return lines "tx PORT FRAME", "punt FRAME", "drop REASON" """
        etype = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
        return self.ask("rx", port, (MAC[port] + bytes.fromhex("020000000909") + etype + packet).hex())

    def close(self):
        """@return exit status: not 0 when the gateway has lost something"""
        self.process.stdin.close()
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process.stderr.close()
        return status


def sent(lines, port):
    """@return the IP packets among an answer that left by a port"""
    return [bytes.fromhex(line.split()[2])[14:] for line in lines if line.startswith(f"tx {port} ")]


def for_us(lines):
    """@return the packets that go to the gateway itself, from the IP header on"""
    return [bytes.fromhex(line.split()[1]) for line in lines if line.startswith("punt ")]
