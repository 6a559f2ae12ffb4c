# SPDX-License-Identifier: BSD-2-Clause
"""
A virtual machine with Debian's cloud kernel, emulated (no KVM), on a vhost-user port of the gateway.

Its whole system is an archive of busybox, ip(8) and the kernel's modules for virtio and ESP. It does what the script
says that it is made with, and prints; the console is the only way to see what came of it.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from lab import LabError, command

MODULES = ["virtio_pci", "virtio_net", "xfrm_user", "esp4", "aesni-intel", "ctr", "ghash-generic", "gcm", "seqiv",
           "drbg"]


def kernel(cache):
    """Fetch and unpack the kernel's package, once. It is not installed: the machine keeps its own."""
    found = glob.glob(f"{cache}/boot/vmlinuz-*")
    if found:
        return found[0]
    text = command("apt-cache", "depends", "linux-image-cloud-amd64").stdout
    name = re.search(r"Depends: (linux-image-\S+-cloud-amd64)", text)
    if name is None:
        raise LabError("no package source has linux-image-cloud-amd64: apt-get update?")
    with tempfile.TemporaryDirectory() as d:
        command("apt-get", "download", "-o", "APT::Sandbox::User=root", name.group(1), cwd=d, timeout=300)
        shutil.rmtree(cache, ignore_errors=True)
        command("dpkg", "-x", glob.glob(f"{d}/*.deb")[0], f"{cache}.new", timeout=120)
        os.rename(f"{cache}.new", cache)
    return glob.glob(f"{cache}/boot/vmlinuz-*")[0]


def with_dependencies(modules, names):
    """Module files in the order in which they can be loaded; built-in ones have none."""
    there = {os.path.basename(p).removesuffix(".ko").replace("-", "_"): p
             for p in glob.glob(f"{modules}/**/*.ko", recursive=True)}
    order = []

    def add(name):
        path = there.get(name.replace("-", "_"))
        if path is None or path in order:
            return
        for other in command("modinfo", "-F", "depends", path).stdout.strip().split(","):
            if other:
                add(other)
        order.append(path)

    for name in names:
        add(name)
    return order


def copy_program(root, program):
    """With the libraries that it is linked to."""
    libraries = re.findall(r"(/\S+) \(0x", command("ldd", program).stdout)
    for path in [program, *libraries]:
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        shutil.copy(path, root + path)


def init_archive(out, modules, script):
    """An initramfs whose /init loads the modules, runs the script and turns the machine off."""
    with tempfile.TemporaryDirectory() as root:
        for d in ("bin", "dev", "proc", "sys", "modules"):
            os.makedirs(f"{root}/{d}")
        shutil.copy("/bin/busybox", f"{root}/bin/busybox")
        copy_program(root, shutil.which("ip"))
        load = ""
        for path in with_dependencies(modules, MODULES):
            shutil.copy(path, f"{root}/modules/")
            load += f"insmod /modules/{os.path.basename(path)} || echo no {os.path.basename(path)}\n"
        with open(f"{root}/init", "w", encoding="ascii") as f:
            # This shell prefers its own ip, which knows nothing of xfrm.
            f.write("#!/bin/busybox sh\n/bin/busybox --install -s /bin\nPATH=/usr/bin:/usr/sbin:/sbin:/bin\n"
                    "mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev\n" + load +
                    f'ip() {{ {shutil.which("ip")} "$@"; }}\n' + script +
                    "\necho script ended\npoweroff -f\n")
        os.chmod(f"{root}/init", 0o755)
        subprocess.run("find . | cpio --quiet -o -H newc | gzip -1", shell=True, cwd=root, check=True,
                       stdout=open(out, "wb"))


def run(lab, ns, sock, cache, script, seconds=120):
    """Boot, run the script, return what the console showed."""
    image = kernel(cache)
    archive = f"{lab.dir}/init.gz"
    init_archive(archive, glob.glob(f"{cache}/lib/modules/*")[0], script)
    p = lab.popen(ns, "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "256", "-nographic", "-no-reboot",
                  "-object", "memory-backend-memfd,id=mem,size=256M,share=on", "-numa", "node,memdev=mem",
                  "-chardev", f"socket,id=c0,path={sock}", "-netdev", "vhost-user,id=n0,chardev=c0",
                  "-device", "virtio-net-pci,netdev=n0,vectors=0,mrg_rxbuf=on,romfile=,mac=02:00:00:00:09:02",
                  "-kernel", image, "-initrd", archive, "-append", "console=ttyS0 panic=-1 quiet",
                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        text = p.communicate(timeout=seconds)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        p.kill()
        text = p.communicate()[0].decode(errors="replace")
        raise LabError(f"the virtual machine did not end within {seconds} s:\n{text}") from None
    return text
