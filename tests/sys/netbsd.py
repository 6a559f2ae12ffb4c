# SPDX-License-Identifier: BSD-2-Clause
"""The algorithms, keys and policies of NetBSD's tests of ipsec(4), for a pair of gateways."""
import struct

# name: bytes of the key; the scripts take the letter a as often as it fits
ESP = {"des-cbc": 8, "3des-cbc": 24, "null": 0, "blowfish-cbc": 56, "cast128-cbc": 16, "des-deriv": 8,
       "rijndael-cbc": 32, "aes-ctr": 36, "camellia-cbc": 32, "aes-gcm-16": 36, "aes-gmac": 36}
AH = {"hmac-md5": 16, "hmac-sha1": 20, "keyed-md5": 16, "keyed-sha1": 20, "null": 0, "hmac-sha256": 32,
      "hmac-sha384": 48, "hmac-sha512": 64, "hmac-ripemd160": 20, "aes-xcbc-mac": 16}
FEW = {"esp": ["null", "rijndael-cbc"], "ah": ["null", "hmac-sha512"]}
ALL = [("esp", a) for a in ESP] + [("ah", a) for a in AH]
MIN = [(p, a) for p, names in FEW.items() for a in names]
NUMBER = {"esp": 50, "ah": 51, "ipcomp": 108}

HOSTS = {4: ("10.1.0.2", "10.2.0.2"), 6: ("fd00:1::2", "fd00:2::2")}
NETS = {4: ("10.1.0.0/16", "10.2.0.0/16"), 6: ("fd00:1::/64", "fd00:2::/64")}
OUTER = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8:0:1::1", "2001:db8:0:1::2")}


def arguments(proto, algorithm):
    """As the scripts' generate_algo_args."""
    if proto == "ipcomp":
        return f"-C {algorithm}"
    n = (AH if proto == "ah" else ESP)[algorithm]
    key = f' "{"a" * n}"' if n else ""
    return f"-{'A' if proto == 'ah' else 'E'} {algorithm}{key}"


def sas(a, b, proto, algorithm, spi=10000):
    args = arguments(proto, algorithm)
    return f"add {a} {b} {proto} {spi} {args};\nadd {b} {a} {proto} {spi + 1} {args};\n"


def pair_of(keys, out, back=None):
    """
    Files of gw1 and gw2. @param out  a function of (near, far index) that gives the outbound policy of one gateway
    @param back  the same for the inbound policy, None if there is none
    """
    texts = []
    for me, you in ((0, 1), (1, 0)):
        texts.append(keys + out(me, you) + (back(you, me) if back else ""))
    return texts


def transport(family, proto, algorithm):
    """Policies out only, as the scripts have it; the hosts' own addresses."""
    a = HOSTS[family]
    return pair_of(sas(*a, proto, algorithm),
                   lambda me, you: f"spdadd {a[me]} {a[you]} any -P out ipsec {proto}/transport//require;\n")


def tunnel(inner, outer, proto, algorithm, extra="", more=""):
    """@param extra  requests before this one; {A}, {B} are the end points"""
    n, e = NETS[inner], OUTER[outer]

    def policy(way):
        def text(src, dst):
            ends = f"{e[src]}-{e[dst]}"
            first = extra.format(ends=ends)
            mode = f"{proto}/transport//require" if extra else f"{proto}/tunnel/{ends}/require"
            return f"spdadd {n[src]} {n[dst]} any -P {way} ipsec {first} {mode};\n"
        return text

    return pair_of(sas(*e, proto, algorithm) + more, policy("out"), policy("in"))


def layers(frame):
    """Source, destination and protocol of the outermost IP header, and what stands behind it."""
    etype, = struct.unpack_from(">H", frame, 12)
    p = frame[14:]
    if etype == 0x0800:
        return p[12:16], p[16:20], p[9], p[(p[0] & 15) * 4:]
    if etype == 0x86DD:
        return p[8:24], p[24:40], p[6], p[40:]
    return None
