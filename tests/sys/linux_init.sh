#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Process 1 of the Linux kernel that linux_peer.py boots. Its files are those of the machine, read-only; /tmp is its own.
# What then serves on its second console is linux_agent.py.
PATH=/usr/sbin:/usr/bin:/sbin:/bin TMPDIR=/tmp PYTHONDONTWRITEBYTECODE=1
export PATH TMPDIR PYTHONDONTWRITEBYTECODE
mount -t proc proc /proc # until now it was the machine's, as a file system of files
for word in $(cat /proc/cmdline); do
  case $word in peer.home=*) home=${word#peer.home=} ;; esac
done
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp
# Linux gets the default random generator, which IVs need, by way of this program.
echo "$home/modprobe" >/proc/sys/kernel/modprobe
"$home/modprobe" -a -q ipv6 xfrm_user af_key esp4 esp6 ah4 ah6 xfrm4_tunnel xfrm6_tunnel ipcomp ipcomp6 gcm ccm ctr cbc \
  xcbc cmac authenc authencesn chacha20poly1305 echainiv seqiv sha512_generic des_generic crypto_null deflate dummy
ip link set lo up
for where in all default; do
  echo 0 >/proc/sys/net/ipv6/conf/$where/accept_dad
  echo 0 >/proc/sys/net/ipv6/conf/$where/router_solicitations
done
i=0
while [ ! -e /dev/tty1 ] && [ $i -lt 50 ]; do
  sleep 0.1
  i=$((i + 1))
done
stty -F /dev/tty1 raw -echo
python3 "$(dirname "$0")/linux_agent.py" /dev/tty1
echo o >/proc/sysrq-trigger
sleep 5
