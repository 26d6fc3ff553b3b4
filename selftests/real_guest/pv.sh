#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest of ./run-pv: what becomes of hypercalls of KVM's or of Hyper-V's, and what the guest
# finds of its hypervisor. A line that begins with "pv: " has to be the same with the core.

# Without addresses and times, which differ from boot to boot.
say_log() {
	dmesg | sed -r 's/^\[[^]]*\] //' |
		grep -i -E 'kvm|hyper-?v|hypercall|paravirt|PV |pv_lock|ptp|Switched to clocksource' |
		sed -r 's/\b(0x)?[0-9a-f]{6,}\b/N/g; s/[0-9]{4,}/N/g; s/ [0-9]+ (cycles|ns)/ N \1/g' |
		grep -v -F 'ommand line' | sort -u | sed 's/^/pv: log: /'
}

# What kinds of interrupts there are; of those that other vCPUs send and of Hyper-V's timer,
# whether there were any.
say_interrupts() {
	awk '
		$1 ~ /^[A-Z]+:$/ {
			all = 0
			for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++)
				all += $i
			kinds = kinds " " $1 ($1 ~ /^(CAL|HVS):$/ ? (all ? "some" : "none") : "")
		}
		END { print "pv: interrupts:" kinds }' /proc/interrupts
}

insmod pv_lock.ko
echo "pv: pv_lock.ko: status $?"
modprobe ptp_kvm
echo "pv: ptp_kvm.ko: status $?"
./pv64
echo "pv: clock sources: $(cat /sys/devices/system/clocksource/clocksource0/available_clocksource)"
say_interrupts
say_log
