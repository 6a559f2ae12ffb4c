# SPDX-License-Identifier: BSD-2-Clause
"""What Linux calls things: the algorithms of ip-xfrm(8) beside ours, and its commands in the language of setkey(8)."""
import shlex

AEAD = {  # name in Linux, bits of ICV: ours
    ("rfc4106(gcm(aes))", 64): "aes-gcm-8",
    ("rfc4106(gcm(aes))", 96): "aes-gcm-12",
    ("rfc4106(gcm(aes))", 128): "aes-gcm-16",
    ("rfc4309(ccm(aes))", 64): "aes-ccm-8",
    ("rfc4309(ccm(aes))", 96): "aes-ccm-12",
    ("rfc4309(ccm(aes))", 128): "aes-ccm-16",
    ("rfc7539esp(chacha20,poly1305)", 128): "chacha20-poly1305",
    ("rfc4543(gcm(aes))", 128): "aes-gmac",
}
AUTH = {
    ("hmac(md5)", 96): "hmac-md5",
    ("hmac(sha1)", 96): "hmac-sha1",
    ("hmac(sha256)", 96): "hmac-sha256-96",
    ("hmac(sha256)", 128): "hmac-sha256",
    ("hmac(sha384)", 192): "hmac-sha384",
    ("hmac(sha512)", 256): "hmac-sha512",
    ("hmac(rmd160)", 96): "hmac-ripemd160",
    ("xcbc(aes)", 96): "aes-xcbc-mac",
    ("cmac(aes)", 96): "aes-cmac-96",
}
ENC = {
    "ecb(cipher_null)": "null",
    "cbc(aes)": "aes-cbc",
    "rfc3686(ctr(aes))": "aes-ctr",
    "cbc(des)": "des-cbc",
    "cbc(des3_ede)": "3des-cbc",
    "cbc(camellia)": "camellia-cbc",
    "cbc(blowfish)": "blowfish-cbc",
    "cbc(cast5)": "cast128-cbc",
}


class Words:
    """The words of one command, taken from the left."""

    def __init__(self, text):
        self.words = shlex.split(text)

    def take(self):
        return self.words.pop(0)

    def pairs(self, into, singles=()):
        """Keyword and value, until a keyword of singles or the end; that one, or None."""
        while self.words:
            key = self.take()
            if key in singles:
                return key
            into[key] = self.take()
        return None


def state(text):
    """@param text  "ip xfrm state add ..." @return a dict: src, dst, proto, spi, mode, esn and so on"""
    w, s = Words(text), {"flags": []}
    assert [w.take() for _ in range(4)] == ["ip", "xfrm", "state", "add"], text
    while True:
        key = w.pairs(s, ("aead", "auth-trunc", "enc", "encap", "flag"))
        if key is None:
            return s
        if key == "flag":
            s["flags"].append(w.take())
        else:
            s[key] = [w.take() for _ in range({"aead": 3, "auth-trunc": 3, "enc": 2, "encap": 4}[key])]


def policy(text):
    """@param text  "ip xfrm policy add ..." @return selector and direction, and its templates"""
    w, p = Words(text), {"tmpl": []}
    assert [w.take() for _ in range(4)] == ["ip", "xfrm", "policy", "add"], text
    into, key = p, w.pairs(p, ("tmpl",))
    while key is not None:
        into = {}
        p["tmpl"].append(into)
        key = w.pairs(into, ("tmpl",))
    return p


def algorithms(s):
    """@return "-E aes-cbc 0x... -A ..." for a state"""
    text = ""
    if "aead" in s:
        name, key, bits = s["aead"]
        text = f" -E {AEAD[name, int(bits)]} {key}"
    if "enc" in s:
        text += f" -E {ENC[s['enc'][0]]} {s['enc'][1]}".rstrip()
    if "auth-trunc" in s:
        name, key, bits = s["auth-trunc"]
        text += f" -A {AUTH[name, int(bits)]} {key}"
    return text


def setkey_add(s):
    """Of a state."""
    proto, options = s["proto"], ""
    ports = ["", ""]
    if "encap" in s:
        proto = "esp-udp"
        ports = [f"[{p}]" for p in s["encap"][1:3]]
    if "esn" in s["flags"]:
        options += " -esn"
    # Linux makes the header of AH a multiple of 8 bytes over IPv4 too, unless told otherwise.
    if proto == "ah" and "align4" not in s["flags"] and ":" not in s["dst"]:
        options += " -align8"
    return (f"add {s['src']}{ports[0]} {s['dst']}{ports[1]} {proto} {s['spi']} -m {s['mode']}"
            f" -window {s.get('replay-window', 32)}{options}{algorithms(s)};")


def setkey_spdadd(p, direction):
    """Of a policy, for a gateway where it means this direction."""
    rules = " ".join(f"{t['proto']}/{t['mode']}/{t['src']}-{t['dst']}/require" for t in p["tmpl"])
    return f"spdadd {p['src']} {p['dst']} any -P {direction} ipsec {rules};"


def commands(text):
    """@return the states and the policies that a line of commands adds"""
    words = [c.strip() for c in text.split(";")]
    return ([state(c) for c in words if c.startswith("ip xfrm state add")],
            [policy(c) for c in words if c.startswith("ip xfrm policy add")])
