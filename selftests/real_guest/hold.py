#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# A daemon on the host that has "hold": it says that a request is there, and answers it with 7
# when a line comes in. What it says ends in the VMM's process.
import errno, fcntl, os, struct, sys

SET_VM, SERVE = 0x4008bc81, 0xc020bc82  # linux/hcx_host.h
ALL_VMS = 1

session = os.open("/dev/kvm_hcx", os.O_RDWR)
fcntl.ioctl(session, SET_VM, struct.pack("iI", -1, ALL_VMS))
fcntl.ioctl(session, SERVE, struct.pack("4I16s", 0x42, 0, 15000, 0, b"hold"))
while True:
    id, vm, pid = struct.unpack("QQi44x", os.read(session, 64))
    print("holds", pid, flush=True)
    sys.stdin.readline()
    try:
        os.write(session, struct.pack("Qq4Q", id, 7, 0, 0, 0, 0))
    except OSError as e:
        print(errno.errorcode[e.errno], pid, flush=True)
