# SPDX-License-Identifier: BSD-2-Clause
"""Reserve hugepages for the demonstration, and give back what it took, even what a killed predecessor took."""
import os

SYS = "/sys/kernel/mm/hugepages/hugepages-2048kB"
STATE = "/run/ipsecgw-demo-hugepages"  # how many pages of the machine's are ours


def number(name):
    with open(f"{SYS}/{name}", encoding="ascii") as f:
        return int(f.read())


def grow(n):
    """@return by how many the kernel really changed it: memory may be fragmented, or this a container"""
    before = number("nr_hugepages")
    with open(f"{SYS}/nr_hugepages", "w", encoding="ascii") as f:
        f.write(str(max(0, before + n)))
    return number("nr_hugepages") - before


def release():
    """Undo what reserve() did."""
    try:
        with open(STATE, encoding="ascii") as f:
            taken = int(f.read() or "0")
        if taken > 0:
            grow(-taken)
        os.unlink(STATE)
        return taken
    except (OSError, ValueError):
        return 0


def remember(taken):
    with open(STATE, "w", encoding="ascii") as f:
        f.write(str(taken))


def reserve(pages):
    """@return True when so many pages are free now, and a sentence about it"""
    release()
    try:
        free = number("free_hugepages")
        if free >= pages:
            return True, f"using {pages} of the {free} free hugepages"
        remember(pages - free)
        try:
            taken = grow(pages - free)
        except OSError:
            taken = 0
        remember(taken)
        if number("free_hugepages") >= pages:
            return True, f"reserved {taken} hugepages, given back at the end"
        release()
        return False, f"only {free + taken} of {pages} hugepages to be had: running without them (--no-huge), slower"
    except OSError as e:
        release()
        return False, f"no hugepages here ({e.strerror}): running without them (--no-huge), slower"
