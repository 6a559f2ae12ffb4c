# SPDX-License-Identifier: BSD-2-Clause
"""
A real Linux kernel with its own IPsec as the gateway's peer: user-mode Linux (Debian's package user-mode-linux) is an
ordinary process, boots in two or three seconds and sits on the wan's bridge with a packet socket.

    linux vec0 --- (packet socket) linux-u --- linux (bridge of the wan) --- gw1

Behind it is the network of its interface dummy0. Nothing of it remains: it dies with us, and its files are in the lab's
directory.
"""
import json
import os
import select
import shutil
import signal
import time

from lab import LabError, command

KERNEL, MODULES = "/usr/bin/linux.uml", "/usr/lib/uml/modules"
HERE = os.path.dirname(os.path.abspath(__file__))
OUTER = {4: "192.0.2.9", 6: "2001:db8:0:1::9"}  # on the wan
INNER = {4: "10.9.0.1", 6: "fd00:9::1"}  # of dummy0
NETS = {4: "10.9.0.0/16", 6: "fd00:9::/64"}


class LinuxPeer:
    """One kernel, from boot() to stop()."""

    def __init__(self, lab):
        self.lab = lab
        self.home = f"{lab.dir}/linux"
        self.console = f"{self.home}/console.log"
        self.process = None
        self.to = self.back = None

    def _files(self):
        if not os.access(KERNEL, os.X_OK) or not os.path.isdir(MODULES):
            raise LabError(f"there is no {KERNEL}: install Debian's user-mode-linux (scripts/install-deps does)")
        shutil.rmtree(self.home, ignore_errors=True)
        os.makedirs(f"{self.home}/root/lib")
        os.symlink(MODULES, f"{self.home}/root/lib/modules")  # where modprobe -d looks for them
        with open(f"{self.home}/modprobe", "w", encoding="ascii") as f:
            f.write(f'#!/bin/sh\nexec /sbin/modprobe -d {self.home}/root "$@"\n')
        os.chmod(f"{self.home}/modprobe", 0o755)
        for name in ("linux_init.sh", "linux_agent.py"):  # our own tree may be below /tmp, which the peer has its own of
            shutil.copy(f"{HERE}/{name}", self.home)

    def boot(self, seconds=30):
        self._files()
        self.lab.link("wan", "linux", "wan", "linux-u")
        command("ip", "-n", self.lab.ns("wan"), "link", "set", "linux", "master", "bridge0")
        script_in, self.to = os.pipe()
        self.back, script_out = os.pipe()
        # The kernel's memory is a file, best where files are memory; it is unlinked at once.
        with open(self.console, "wb") as log:
            self.process = self.lab.popen(
                "wan", KERNEL, "mem=192M", f"umid=peer-{os.getpid()}", f"uml_dir={self.home}", "root=/dev/root",
                "rootfstype=hostfs", "ro", "quiet", "con=null", "con0=null,fd:1",
                f"con1=fd:{script_in},fd:{script_out}",
                f"init={self.home}/linux_init.sh", f"peer.home={self.home}",
                "vec0:transport=raw,ifname=linux-u,depth=64,gro=0",
                stdout=log, stderr=log, pass_fds=(script_in, script_out), env={**os.environ, "TMPDIR": "/dev/shm"})
        os.close(script_in)
        os.close(script_out)
        self._answer(seconds)
        self.run("ip link set vec0 up mtu 1500; ip link add dummy0 type dummy; ip link set dummy0 up\n"
                 f"ip addr add {OUTER[4]}/24 dev vec0; ip addr add {OUTER[6]}/64 dev vec0 nodad\n"
                 f"ip addr add {INNER[4]}/16 dev dummy0; ip addr add {INNER[6]}/64 dev dummy0 nodad\n"
                 f"ip route add 10.1.0.0/16 via 192.0.2.1 src {INNER[4]}\n"
                 f"ip route add fd00:1::/64 via 2001:db8:0:1::1 src {INNER[6]}")

    def log(self):
        with open(self.console, encoding="utf-8", errors="replace") as f:
            return f.read()

    def _answer(self, seconds):
        """@return the next line, which is JSON"""
        said, end = b"", time.monotonic() + seconds
        while not said.endswith(b"\n"):
            ready, _, _ = select.select([self.back], [], [], max(0.0, end - time.monotonic()))
            more = os.read(self.back, 65536) if ready else b""
            if not more:
                what = "is gone" if ready else "does not answer"
                raise LabError(f"the Linux peer {what}; its console:\n{self.log()}")
            said += more
        return json.loads(said)

    def ask(self, verb, *args, seconds=60):
        """@return what the function of linux_agent.py returns"""
        data = json.dumps([verb, args]).encode() + b"\n"
        while data:
            data = data[os.write(self.to, data[:512]):]
        state, value = self._answer(seconds)
        if state != "ok":
            raise LabError(f"the Linux peer: {verb}: {value}")
        return value

    def run(self, script):
        """Run a shell script there, to its end or the first error. @return its output"""
        output, status = self.ask("shell", "set -e\n" + script)
        if status != 0:
            raise LabError(f"the Linux peer: exit status {status} of\n{script}\n{output}")
        return output

    def ip(self, *commands):
        """Commands of ip(8), all by one process."""
        self.run("ip -batch - <<'END'\n" + "\n".join(c.removeprefix("ip ") for c in commands) + "\nEND")

    def stop(self):
        """It has nothing to save."""
        for fd in (self.to, self.back):
            if fd is not None:
                os.close(fd)
        self.to = self.back = None
        if self.process is not None:
            # Its processes are one group: the kernel, and one that runs what its users run.
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait(10)
            self.process = None
            command("ip", "-n", self.lab.ns("wan"), "link", "del", "linux")
