# SPDX-License-Identifier: BSD-2-Clause
"""The laboratory of scripts/run and tests/sys: two hosts, two gateways and what lies between, in network namespaces.

    host1 eth0 --- lan gw1 wan --- gw1 (bridge) gw2 --- wan gw2 lan --- eth0 host2

All names begin with one prefix; whatever bears it is ours, and is removed before building and after use. The gateways'
kernel interfaces have no addresses: the kernel carries frames between them and the daemons, nothing else.

Their ports are taps. Packet sockets (net_af_packet) would need no bridges, but the driver asks the kernel to put IPv4
fragments together before it gets them (PACKET_FANOUT_FLAG_DEFRAG), and loses what then is longer than a frame.
"""
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = ["host1", "gw1", "wan", "gw2", "host2"]
HOSTS = {  # name: addresses, gateways
    "host1": (["10.1.0.2/16", "fd00:1::2/64"], ["10.1.0.1", "fd00:1::1"]),
    "host2": (["10.2.0.2/16", "fd00:2::2/64"], ["10.2.0.1", "fd00:2::1"]),
}
LINKS = [  # one end, other end: namespace and interface
    (("gw1", "lan"), ("host1", "eth0")),
    (("gw1", "wan"), ("wan", "gw1")),
    (("gw2", "wan"), ("wan", "gw2")),
    (("gw2", "lan"), ("host2", "eth0")),
]
# Frames shall be what a wire carries: checksums filled in, nothing longer than the MTU.
OFFLOADS = ["tx", "sg", "tso", "gso", "gro"]
CLONE_NEWNET = 0x40000000


class LabError(Exception):
    """Something that the user can do something about; the text says what."""


def command(*argv, timeout=30, check=True, **kw):
    """Run to the end; output as text. A failure is an error with the command and what it printed."""
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=timeout, check=False, **kw)
    if check and p.returncode != 0:
        raise LabError(f"\"{' '.join(argv)}\" failed: {p.stdout.strip()}")
    return p


def wait_for(what, test, seconds=10):
    """Poll until test() is true."""
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            raise LabError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


class Lab:
    """The namespaces. One of a name at a time: the second waits or fails, as it likes."""

    def __init__(self, name, wait=False, ports="tap"):
        self.prefix = f"ipsecgw-{name}-"
        self.dir = f"/run/ipsecgw-{name}"
        self.ports = ports  # "tap": net_tap, bridged to the links; "veth": net_af_packet on the links themselves
        self.children = []
        self.lock = None
        if os.geteuid() != 0:
            raise LabError("this makes network namespaces and needs root: use sudo")
        if ports == "tap" and not os.access("/dev/net/tun", os.R_OK | os.W_OK):
            raise LabError("there is no /dev/net/tun: modprobe tun, or give the container --device /dev/net/tun")
        self._take(wait)

    def _take(self, wait):
        self.lock = open(f"/run/{self.prefix}lock", "w", encoding="ascii")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise LabError(f"another process uses the namespaces {self.prefix}*: stop it first") from None

    def ns(self, name):
        return self.prefix + name

    def clean(self):
        """Remove everything of our names, ours or that of a predecessor that was killed."""
        for p in self.children:
            if p.poll() is None:
                p.kill()
            p.wait()
        self.children = []
        there = {line.split()[0] for line in command("ip", "netns", "list").stdout.splitlines() if line}
        mine = [self.ns(n) for n in NAMES if self.ns(n) in there]
        for ns in mine:
            for pid in command("ip", "netns", "pids", ns).stdout.split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
        for ns in mine:
            wait_for(f"processes in {ns} to end", lambda ns=ns: not command("ip", "netns", "pids", ns).stdout.split())
            command("ip", "netns", "del", ns)
        shutil.rmtree(self.dir, ignore_errors=True)
        return len(mine)

    def build(self):
        self.clean()
        os.makedirs(self.dir, mode=0o700)
        for n in NAMES:
            p = command("ip", "netns", "add", self.ns(n), check=False)
            if p.returncode != 0:
                raise LabError(f"network namespaces cannot be made here ({p.stdout.strip()}): a container needs "
                               "--privileged, or CAP_SYS_ADMIN and CAP_NET_ADMIN")
            six = "0" if n in HOSTS else "1"
            self.sysctl(n, **{f"net.ipv6.conf.{w}.{key}": value for w in ("all", "default")
                              for key, value in (("disable_ipv6", six), ("accept_dad", "0"), ("accept_ra", "0"),
                                                 ("router_solicitations", "0"))})
            command("ip", "-n", self.ns(n), "link", "set", "lo", "up")
        for (ns, dev), (peer_ns, peer) in LINKS:
            self.link(ns, self.kernel_end(ns, dev), peer_ns, peer)
        self.bridge("wan", "bridge0", ["gw1", "gw2"])
        if self.ports == "tap":
            for ns in ("gw1", "gw2"):
                for dev in ("lan", "wan"):
                    self.bridge(ns, dev + "-br", [dev + "-k"])
        for n, (addrs, gateways) in HOSTS.items():
            for a in addrs:
                command("ip", "-n", self.ns(n), "addr", "add", a, "dev", "eth0", *(["nodad"] if ":" in a else []))
            for g in gateways:
                command("ip", "-n", self.ns(n), "route", "add", "default", "via", g)

    def kernel_end(self, ns, dev):
        """A tap takes the port's name; then the veth behind it needs another."""
        return dev + "-k" if self.ports == "tap" and ns.startswith("gw") else dev

    def link(self, ns, dev, peer_ns, peer):
        command("ip", "-n", self.ns(ns), "link", "add", "name", dev, "type", "veth", "peer", "name", peer, "netns",
                self.ns(peer_ns))
        for n, d in ((ns, dev), (peer_ns, peer)):
            off = [word for o in OFFLOADS for word in (o, "off")]
            self.run(n, "ethtool", "-K", d, *off)
            command("ip", "-n", self.ns(n), "link", "set", d, "up")

    def bridge(self, ns, dev, members):
        """A bridge that looks at nothing but addresses: where br_netfilter is loaded it judges IP headers too."""
        if os.path.isdir("/proc/sys/net/bridge"):
            self.sysctl(ns, **{f"net.bridge.bridge-nf-call-{t}tables": "0" for t in ("ip", "ip6", "arp")})
        command("ip", "-n", self.ns(ns), "link", "add", "name", dev, "type", "bridge", "mcast_snooping", "0")
        for m in members:
            command("ip", "-n", self.ns(ns), "link", "set", m, "master", dev)
        command("ip", "-n", self.ns(ns), "link", "set", dev, "up")

    def device(self, ns, i, dev):
        """Arguments of the i-th port of a gateway. Its address outlives a restart: neighbours need not learn again."""
        if self.ports == "tap":
            return f"net_tap{i},iface={dev},mac=02:00:00:00:0{ns[-1]}:1{i}"
        return f"net_af_packet{i},iface={dev}"

    def join_taps(self, ns):
        """
        A tap must stay where the driver made it, or the driver reports its link as down; so a bridge carries its
        frames on. The kernel's end of it has the port's own address, which the bridge would keep for itself.
        """
        for dev in ("lan", "wan"):
            address = f"02:00:00:00:0{ns[-1]}:{'01' if dev == 'lan' else '02'}"
            command("ip", "-n", self.ns(ns), "link", "set", dev, "address", address, "master", dev + "-br")

    def argv(self, ns, *argv):
        """Killed when we are: setpriv asks the kernel for it."""
        return ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net=/run/netns/{self.ns(ns)}", "--", *argv]

    def run(self, ns, *argv, **kw):
        return command(*self.argv(ns, *argv), **kw)

    def sysctl(self, ns, **values):
        self.run(ns, "sysctl", "-q", *[f"{k}={v}" for k, v in values.items()])

    def popen(self, ns, *argv, **kw):
        """Start and remember; in a session of its own, so that Ctrl-C is ours to handle."""
        p = subprocess.Popen(self.argv(ns, *argv), stdin=subprocess.DEVNULL, start_new_session=True, **kw)
        self.children.append(p)
        return p

    def socket(self, ns, *args):
        """A socket(2) inside a namespace: a thread goes there, the socket stays there."""
        got = []

        def make():
            fd = os.open(f"/run/netns/{self.ns(ns)}", os.O_RDONLY | os.O_CLOEXEC)
            if ctypes.CDLL(None).setns(fd, CLONE_NEWNET) == 0:
                got.append(socket.socket(*args))
            os.close(fd)

        t = threading.Thread(target=make)
        t.start()
        t.join()
        if not got:
            raise LabError(f"no socket in {self.ns(ns)}")
        return got[0]

    def packet_socket(self, ns, dev, protocol=0):
        """@param protocol  EtherType that it receives; 0: it only sends"""
        s = self.socket(ns, socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.bind((dev, protocol))
        return s

    def close(self):
        self.clean()
        self.lock.close()


class Gateway:
    """One dpdk-ipsecgw process."""

    def __init__(self, lab, ns, build, eal):
        self.lab = lab
        self.ns = ns
        self.program = f"{build}/app/ipsecgw/dpdk-ipsecgw"
        self.ctl_program = f"{build}/app/ipsecgwctl/ipsecgwctl"
        self.eal = eal
        self.log_path = f"{lab.dir}/{ns}.log"
        self.rpc = None
        self.process = None
        self.notify = None

    def start(self, config, *options):
        """Start, do not wait: two gateways may start at the same time."""
        path = f"{self.lab.dir}/{self.ns}.notify"
        if os.path.exists(path):
            os.unlink(path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(path)
        with open(config, encoding="utf-8") as f:
            self.rpc = json.load(f)["control"]["rpc"]
        with open(self.log_path, "wb") as log:
            self.process = self.lab.popen(
                self.ns, self.program, *self.eal, "--no-pci", "--no-telemetry", "--", "--config", config, *options,
                stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "NOTIFY_SOCKET": path})

    def told(self, state, seconds):
        """Wait for a message of sd_notify(3)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.notify.settimeout(0.1)
            try:
                if state in self.notify.recv(4096).decode().splitlines():
                    return True
            except TimeoutError:
                if self.process.poll() is not None:
                    return False
        return False

    def wait_ready(self, seconds=60):
        if not self.told("READY=1", seconds):
            raise LabError(f"{self.ns} did not start; its log:\n{self.log()}")
        if self.lab.ports == "tap":
            self.lab.join_taps(self.ns)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def reload(self):
        """SIGHUP. @return what was logged about it"""
        seen = len(self.log())
        self.process.send_signal(signal.SIGHUP)
        if not self.told("READY=1", 10):
            raise LabError(f"{self.ns} did not answer SIGHUP; its log:\n{self.log()}")
        return self.log()[seen:]

    def stop(self, sig=signal.SIGTERM, seconds=30):
        """@return exit status"""
        self.process.send_signal(sig)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise LabError(f"{self.ns} did not stop within {seconds} s; its log:\n{self.log()}") from None
        self.notify.close()
        return status

    def ctl(self, *words, check=True):
        return command(self.ctl_program, "-s", self.rpc, *words, check=check)

    def stats(self):
        return json.loads(self.ctl("stats", "--json").stdout)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def eal_options(huge):
    """
    Of each gateway: one lcore, the two on different ones where there are two. With hugepages, memory that has no
    name in a file system, so that nothing can remain of it.
    """
    cpus = sorted(os.sched_getaffinity(0))
    memory = ["--in-memory", "-m", "256"] if huge else ["--no-huge", "-m", "512", "--no-shconf"]
    return [["-l", str(cpus[i % len(cpus)]), *memory, "--file-prefix", f"ipsecgw-{os.getpid()}-{i}"] for i in range(2)]
