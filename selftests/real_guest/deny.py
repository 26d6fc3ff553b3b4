#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# As the administrator: as long as it runs, nobody answers a number for the VMs of a control group.
import fcntl, os, struct, sys, time

SET_VM, RULE = 0x4008bc81, 0x4020bc86  # linux/hcx_host.h
ALL_VMS = 1
DENY = 1
OF_CGROUP = 1

number = int(sys.argv[1], 0)
group = os.open(sys.argv[2], os.O_RDONLY)
session = os.open("/dev/kvm_hcx", os.O_RDWR)
fcntl.ioctl(session, SET_VM, struct.pack("iI", -1, ALL_VMS))
fcntl.ioctl(session, RULE, struct.pack("8I", DENY, 0, number, number, 0, 0, OF_CGROUP, group))
while True:
    time.sleep(60)
