# SPDX-License-Identifier: BSD-2-Clause
"""What Linux calls things: the algorithms of ip-xfrm(8) beside ours, and its commands in the language of setkey(8)."""
import secrets
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
PROTO = {"comp": "ipcomp"}
UPPER = {"any": "any", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmp6"}


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
    if "comp" in s:
        return f" -C {s['comp']} -R"
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
    proto, options = {"comp": "ipcomp"}.get(s["proto"], s["proto"]), ""
    ports = ["", ""]
    if "encap" in s:
        proto = "esp-udp"
        ports = [f"[{p}]" for p in s["encap"][1:3]]
    if "esn" in s["flags"]:
        options += " -esn"
    # Linux makes the header of AH a multiple of 8 bytes over IPv4 too, unless told otherwise.
    if proto == "ah" and "align4" not in s["flags"] and ":" not in s["dst"]:
        options += " -align8"
    if proto != "ipcomp":
        options += f" -window {s.get('replay-window', 32)}"
    return (f"add {s['src']}{ports[0]} {s['dst']}{ports[1]} {proto} {s['spi']} -m {s['mode']}{options}"
            f"{algorithms(s)};\n")


def setkey_spdadd(p, direction):
    """Of a policy, for a gateway where it means this direction."""
    rules = " ".join(f"{PROTO.get(t['proto'], t['proto'])}/{t['mode']}/{t['src']}-{t['dst']}/"
                     f"{'use' if t.get('level') == 'use' else 'require'}" for t in p["tmpl"])
    upper = UPPER[p.get("proto", "any")] + (f" {p['type']},0" if "type" in p else "")
    return f"spdadd {p['src']} {p['dst']} {upper} -P {direction} ipsec {rules};\n"


def commands(text):
    """@return the states and the policies that a line of commands adds"""
    words = [c.strip() for c in text.split(";")]
    return ([state(c) for c in words if c.startswith("ip xfrm state add")],
            [policy(c) for c in words if c.startswith("ip xfrm policy add")])


def _key(n):
    return "0x" + secrets.token_hex(n)


# What protects a packet, by a short name: words of ip-xfrm(8), keys by their length in bytes.
ESP = {
    "gcm128": {"aead": ("rfc4106(gcm(aes))", 20, 128)},
    "gcm192": {"aead": ("rfc4106(gcm(aes))", 28, 128)},
    "gcm256": {"aead": ("rfc4106(gcm(aes))", 36, 128)},
    "gcm128-8": {"aead": ("rfc4106(gcm(aes))", 20, 64)},
    "gcm256-12": {"aead": ("rfc4106(gcm(aes))", 36, 96)},
    "ccm128-8": {"aead": ("rfc4309(ccm(aes))", 19, 64)},
    "ccm192-12": {"aead": ("rfc4309(ccm(aes))", 27, 96)},
    "ccm256-16": {"aead": ("rfc4309(ccm(aes))", 35, 128)},
    "chacha": {"aead": ("rfc7539esp(chacha20,poly1305)", 36, 128)},
    "gmac128": {"aead": ("rfc4543(gcm(aes))", 20, 128)},
    "cbc128-sha1": {"auth-trunc": ("hmac(sha1)", 20, 96), "enc": ("cbc(aes)", 16)},
    "cbc192-sha384": {"auth-trunc": ("hmac(sha384)", 48, 192), "enc": ("cbc(aes)", 24)},
    "cbc128-sha256": {"auth-trunc": ("hmac(sha256)", 32, 128), "enc": ("cbc(aes)", 16)},
    "cbc128-sha256-96": {"auth-trunc": ("hmac(sha256)", 32, 96), "enc": ("cbc(aes)", 16)},
    "cbc256-sha512": {"auth-trunc": ("hmac(sha512)", 64, 256), "enc": ("cbc(aes)", 32)},
    "cbc128-xcbc": {"auth-trunc": ("xcbc(aes)", 16, 96), "enc": ("cbc(aes)", 16)},
    "cbc128-cmac": {"auth-trunc": ("cmac(aes)", 16, 96), "enc": ("cbc(aes)", 16)},
    "cbc128-md5": {"auth-trunc": ("hmac(md5)", 16, 96), "enc": ("cbc(aes)", 16)},
    "cbc128-rmd160": {"auth-trunc": ("hmac(rmd160)", 20, 96), "enc": ("cbc(aes)", 16)},
    "ctr128-sha256": {"auth-trunc": ("hmac(sha256)", 32, 128), "enc": ("rfc3686(ctr(aes))", 20)},
    "ctr256-sha1": {"auth-trunc": ("hmac(sha1)", 20, 96), "enc": ("rfc3686(ctr(aes))", 36)},
    "3des-sha1": {"auth-trunc": ("hmac(sha1)", 20, 96), "enc": ("cbc(des3_ede)", 24)},
    "des-sha1": {"auth-trunc": ("hmac(sha1)", 20, 96), "enc": ("cbc(des)", 8)},
    "camellia-sha256": {"auth-trunc": ("hmac(sha256)", 32, 128), "enc": ("cbc(camellia)", 16)},
    "blowfish-sha1": {"auth-trunc": ("hmac(sha1)", 20, 96), "enc": ("cbc(blowfish)", 16)},
    "cast-sha1": {"auth-trunc": ("hmac(sha1)", 20, 96), "enc": ("cbc(cast5)", 16)},
    "null-sha1": {"auth-trunc": ("hmac(sha1)", 20, 96), "enc": ("ecb(cipher_null)", 0)},
    "null-sha256": {"auth-trunc": ("hmac(sha256)", 32, 128), "enc": ("ecb(cipher_null)", 0)},
}
AH = {
    "sha1": {"auth-trunc": ("hmac(sha1)", 20, 96)},
    "sha256": {"auth-trunc": ("hmac(sha256)", 32, 128)},
    "sha256-96": {"auth-trunc": ("hmac(sha256)", 32, 96)},
    "sha384": {"auth-trunc": ("hmac(sha384)", 48, 192)},
    "sha512": {"auth-trunc": ("hmac(sha512)", 64, 256)},
    "md5": {"auth-trunc": ("hmac(md5)", 16, 96)},
    "xcbc": {"auth-trunc": ("xcbc(aes)", 16, 96)},
    "cmac": {"auth-trunc": ("cmac(aes)", 16, 96)},
    "rmd160": {"auth-trunc": ("hmac(rmd160)", 20, 96)},
}


def with_keys(suite):
    """@return the suite with new keys, as state() has them"""
    return {word: [name, _key(n) if n else "", *(str(b) for b in bits)] for word, (name, n, *bits) in suite.items()}


def xfrm_state(s):
    """The command that adds a state."""
    text = f"ip xfrm state add src {s['src']} dst {s['dst']} proto {s['proto']} spi {s['spi']} mode {s['mode']}"
    text += f" reqid {s['reqid']} replay-window {s.get('replay-window', 32)}"
    text += "".join(f" flag {f}" for f in s["flags"])
    for word in ("aead", "auth-trunc", "enc"):
        if word in s:
            name, key, *bits = s[word]
            text += f" {word} '{name}' " + " ".join([key or "''", *bits])
    if "comp" in s:
        text += f" comp {s['comp']}"
    if "encap" in s:
        text += " encap " + " ".join(s["encap"])
    return text


def xfrm_policy(p, direction):
    """The command that adds a policy."""
    text = f"ip xfrm policy add src {p['src']} dst {p['dst']}"
    text += "".join(f" {word} {p[word]}" for word in ("proto", "type") if word in p) + f" dir {direction}"
    for t in p["tmpl"]:
        text += f" tmpl src {t['src']} dst {t['dst']} proto {t['proto']} reqid {t['reqid']} mode {t['mode']}"
        text += f" level {t['level']}" if "level" in t else ""
    return text
