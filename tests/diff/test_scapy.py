#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""ESP against scapy: it opens what we seal, and we open what it seals. Usage: test_scapy.py ESP_TOOL"""
import os
import random
import subprocess
import sys
import time

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.packet import Raw

SPI = 0x10203040
# Ours, scapy's, bytes of key.
SUITES = [
    ("aes-gcm-16", "-", "AES-GCM", None, 20, 0),
    ("aes-gcm-16", "-", "AES-GCM", None, 28, 0),
    ("aes-gcm-16", "-", "AES-GCM", None, 36, 0),
    ("aes-cbc", "hmac-sha1", "AES-CBC", "HMAC-SHA1-96", 16, 20),
    ("aes-cbc", "hmac-sha256", "AES-CBC", "SHA2-256-128", 24, 32),
    ("aes-cbc", "hmac-sha384", "AES-CBC", "SHA2-384-192", 32, 48),
    ("aes-cbc", "hmac-sha512", "AES-CBC", "SHA2-512-256", 32, 64),
    ("null", "hmac-sha1", "NULL", "HMAC-SHA1-96", 0, 20),
    ("null", "hmac-sha256", "NULL", "SHA2-256-128", 0, 32),
    ("null", "hmac-sha512", "NULL", "SHA2-512-256", 0, 64),
]
OUTER = {4: IP(src="192.0.2.1", dst="192.0.2.2"), 6: IPv6(src="2001:db8::1", dst="2001:db8::2")}
INNER = {4: IP(src="10.1.0.1", dst="10.2.0.1"), 6: IPv6(src="2001:db8:1::1", dst="2001:db8:2::1")}
LENGTHS = [0, 1, 2, 13, 14, 15, 16, 17, 100, 1000]


class Tool:
    """Our end of the SA: one process that answers line by line."""

    def __init__(self, path, engine):
        self.p = subprocess.Popen([path, engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.p.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().strip()

    def close(self):
        self.p.stdin.close()
        return self.p.wait(timeout=20)


def hexa(data):
    return data.hex() if data else "-"


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}:\n  got  {got}\n  want {want}")


def cases(rng):
    """Each suite x outer family x inner family x {plain, ESN with high word 0, with high word 7}."""
    for suite in SUITES:
        for outer in (4, 6):
            for inner in (4, 6):
                for esn in (None, 0, 7):
                    # scapy 2.5 leaves the high word out of a separate MAC, against RFC 4303 2.2.1.
                    if esn is None or suite[3] is None:
                        yield suite, outer, inner, esn, rng.randbytes(suite[4]), rng.randbytes(suite[5])


def one_case(tool, rng, case):
    (enc, auth, their_enc, their_auth, _, _), outer, inner, esn, key, authkey = case
    sa = SecurityAssociation(ESP, spi=SPI, crypt_algo=their_enc, crypt_key=key, auth_algo=their_auth or "NULL",
                             auth_key=authkey or None, tunnel_header=OUTER[outer].copy(),
                             esn_en=esn is not None, esn=esn or 0)
    ours = [enc, auth, hexa(key), hexa(authkey), outer, int(esn is not None)]
    for length in LENGTHS:
        low = rng.randrange(1, 2**31)
        before = ((esn or 0) << 32) + low - 1
        pkt = INNER[inner] / UDP(sport=1, dport=2) / Raw(rng.randbytes(length))
        clear = bytes(pkt)
        name = f"{case[:4]} length {length} seq {low}"

        sealed = bytes(sa.encrypt(pkt.__class__(clear), seq_num=low))
        check(f"open {name}", tool.ask("open", *ours, before, sealed.hex()), clear.hex())
        bad = bytearray(sealed)
        bad[-1 - rng.randrange(12)] ^= 1 << rng.randrange(8)
        check(f"refuse {name}", tool.ask("open", *ours, before, bad.hex()), "drop sec.auth")

        answer = tool.ask("seal", *ours, before, clear.hex())
        if not answer or answer.startswith("drop"):
            sys.exit(f"seal {name}: {answer}")
        opened = sa.decrypt(OUTER[outer].__class__(bytes.fromhex(answer)))
        check(f"scapy opens {name}", bytes(opened).hex(), clear.hex())
    return len(LENGTHS)


def main():
    seed = int(os.environ.get("SEED", time.time_ns()))
    print(f"scapy: SEED={seed}")
    rng = random.Random(seed)
    for engine in ("direct", "openssl"):
        tool = Tool(sys.argv[1], engine)
        n = sum(one_case(tool, rng, case) for case in cases(rng))
        check(f"exit status of the tool with {engine}", tool.close(), 0)
        print(f"{engine}: {n} packets each way")


if __name__ == "__main__":
    main()
