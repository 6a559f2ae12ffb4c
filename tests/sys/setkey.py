# SPDX-License-Identifier: BSD-2-Clause
"""Keys and policies of a pair of gateways, in the language of setkey(8), with new keys each time."""
import secrets

OUTER = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8:0:1::1", "2001:db8:0:1::2")}
NETS = [("10.1.0.0/16", "10.2.0.0/16"), ("fd00:1::/64", "fd00:2::/64"),
        ("10.101.0.0/24", "10.102.0.0/24"), ("fd00:101::/64", "fd00:102::/64")]

SUITES = {  # name: encryption, bytes of its key, integrity, bytes of its key
    "gcm128": ("aes-gcm-16", 20, None, 0),
    "gcm192": ("aes-gcm-16", 28, None, 0),
    "gcm256": ("aes-gcm-16", 36, None, 0),
    "cbc128-sha1": ("aes-cbc", 16, "hmac-sha1", 20),
    "cbc128-sha256": ("aes-cbc", 16, "hmac-sha256", 32),
    "cbc192-sha384": ("aes-cbc", 24, "hmac-sha384", 48),
    "cbc256-sha512": ("aes-cbc", 32, "hmac-sha512", 64),
    "null-sha256": ("null", 0, "hmac-sha256", 32),
}


def key(n):
    return "0x" + secrets.token_hex(n) if n else ""


def algorithms(suite):
    enc, enc_len, auth, auth_len = SUITES[suite]
    return f"-E {enc} {key(enc_len)}" + (f" -A {auth} {key(auth_len)}" if auth else "")


def sas(suite="gcm128", outer=4, options="-window 1024", spi=0x1001):
    """Both directions; the same text for both gateways."""
    a, b = OUTER[outer]
    return "".join(f"add {src} {dst} esp {n:#x} -m tunnel {options} {algorithms(suite)};\n"
                   for src, dst, n in ((a, b, spi), (b, a, spi + 1)))


def policies(me, outer=4, level="require"):
    """@param me  0 for gw1, 1 for gw2"""
    ends = OUTER[outer]
    mine, yours = ends[me], ends[1 - me]
    text = ""
    for nets in NETS:
        here, there = nets[me], nets[1 - me]
        text += f"spdadd {here} {there} any -P out ipsec esp/tunnel/{mine}-{yours}/{level};\n"
        text += f"spdadd {there} {here} any -P in ipsec esp/tunnel/{yours}-{mine}/{level};\n"
    return text


def tunnel(suite="gcm128", outer=4, options="-window 1024"):
    """@return the files of gw1 and gw2"""
    keys = sas(suite, outer, options)
    return keys + policies(0, outer), keys + policies(1, outer)
