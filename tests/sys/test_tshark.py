# SPDX-License-Identifier: BSD-2-Clause
"""What our gateway sends, read by Wireshark's dissector with the keys: every ICV is good, and none with a wrong key."""
import glob
import os
import re

import linux_ipsec as li
import pytest
from lab import LabError, command
from setkey import NETS, OUTER
from traffic import ADDRESS, answered
from wire import Capture

# Names of tshark 4.0 for what it can check. It has no CCM, ChaCha20, GMAC, Camellia, and no ESN.
TSHARK_AEAD = {64: "AES-GCM with 8 octet ICV [RFC4106]", 96: "AES-GCM with 12 octet ICV [RFC4106]",
               128: "AES-GCM with 16 octet ICV [RFC4106]"}
TSHARK_ENC = {"cbc(aes)": "AES-CBC [RFC3602]", "rfc3686(ctr(aes))": "AES-CTR [RFC3686]", "ecb(cipher_null)": "NULL",
              "cbc(des3_ede)": "TripleDES-CBC [RFC2451]", "cbc(des)": "DES-CBC [RFC2405]"}
TSHARK_AUTH = {("hmac(sha1)", 96): "HMAC-SHA-1-96 [RFC2404]", ("hmac(sha256)", 128): "HMAC-SHA-256-128 [RFC4868]",
               ("hmac(sha256)", 96): "HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]",
               ("hmac(sha384)", 192): "HMAC-SHA-384-192 [RFC4868]", ("hmac(sha512)", 256): "HMAC-SHA-512-256 [RFC4868]",
               ("hmac(md5)", 96): "HMAC-MD5-96 [RFC2403]"}
SUITES = ["gcm128", "gcm192", "gcm256", "gcm128-8", "gcm256-12", "cbc128-sha1", "cbc192-sha384", "cbc128-sha256",
          "cbc128-sha256-96", "cbc256-sha512", "ctr128-sha256", "ctr256-sha1", "null-sha1", "null-sha256"]


def esp_sa(s):
    """A line of tshark's table esp_sa for a state; its fields are in quotes."""
    if "aead" in s:
        _, key, bits = s["aead"]
        algorithms = [TSHARK_AEAD[int(bits)], key, "NULL", ""]
    else:
        name, key, bits = s["auth-trunc"]
        enc, enc_key = s["enc"]
        algorithms = [TSHARK_ENC[enc], enc_key, TSHARK_AUTH[name, int(bits)], key]
    family = "IPv6" if ":" in s["dst"] else "IPv4"
    return "uat:esp_sa:" + ",".join(f'"{w}"' for w in (family, "*", "*", f"0x{int(s['spi'], 16):08x}", *algorithms))


def read(path, states):
    """@return per ESP packet: (ICV good, protocols that were seen)"""
    options = [word for s in states for word in ("-o", esp_sa(s))]
    text = command("tshark", "-r", path, "-n", "-o", "esp.enable_encryption_decode:TRUE", "-o",
                   "esp.enable_authentication_check:TRUE", *options, "-Y", "esp", "-T", "fields", "-E", "separator=;",
                   "-e", "esp.icv_good", "-e", "frame.protocols", env={**os.environ, "HOME": "/nonexistent"}).stdout
    lines = [line.split(";") for line in text.splitlines() if re.match(r"^[0-9,TrueFals]*;", line)]
    return [(good in ("1", "True"), protocols) for good, protocols in lines]


def wrong(s):
    """The state with another key: its first bit is inverted. What checks the ICV is what changes."""
    word = "aead" if "aead" in s else "auth-trunc"
    name, key, bits = s[word]
    return {**s, word: [name, f"0x{int(key[2:4], 16) ^ 0x80:02x}{key[4:]}", bits]}


def states_of(suite, outer):
    ends = OUTER[outer]
    return [{"src": ends[way], "dst": ends[1 - way], "proto": "esp", "mode": "tunnel", "spi": f"{0x1001 + way:#x}",
             "flags": [], **li.with_keys(li.ESP[suite])} for way in (0, 1)]


def policies_of(outer):
    """@return texts for gw1 and gw2"""
    texts = []
    for me in (0, 1):
        mine, yours = OUTER[outer][me], OUTER[outer][1 - me]
        texts.append("".join(
            f"spdadd {nets[me]} {nets[1 - me]} any -P out ipsec esp/tunnel/{mine}-{yours}/require;\n"
            f"spdadd {nets[1 - me]} {nets[me]} any -P in ipsec esp/tunnel/{yours}-{mine}/require;\n" for nets in NETS))
    return texts


class KeptCapture(Capture):
    """Whole frames, and the file stays."""

    def __init__(self, lab):
        super().__init__(lab, snaplen=0)

    def keep(self):
        """Stop. @return the file's path"""
        kept = self.path + ".kept"
        os.link(self.path, kept)
        self.stop()
        return kept


@pytest.mark.parametrize("outer", [4, 6])
@pytest.mark.parametrize("suite", SUITES)
def test_icv(lab, pair, suite, outer):
    if not any(os.access(f"{d}/tshark", os.X_OK) for d in os.environ["PATH"].split(":")):
        raise LabError("there is no tshark: install Debian's package (scripts/install-deps does)")
    states = states_of(suite, outer)
    keys = "".join(li.setkey_add(s) for s in states)
    pair.load([keys + text for text in policies_of(outer)])
    capture = KeptCapture(lab)
    for inner in (4, 6):
        for size in (0, 1, 56, 1300):
            answered(lab, ADDRESS["host2", inner], size=size)
    path = capture.keep()
    got = read(path, states)
    bad = read(path, [wrong(s) for s in states])
    for name in glob.glob(f"{lab.dir}/*.kept"):
        os.unlink(name)
    assert len(got) == 16
    assert all(good for good, _ in got), got
    assert all("icmp" in protocols for _, protocols in got), got
    # With a wrong key tshark shows something all the same; only the ICV tells.
    assert len(bad) == 16 and not any(good for good, _ in bad), bad
