# SPDX-License-Identifier: GPL-2.0
# Sourced: nested hosts under QEMU, which has the machine's own virtualization or
# emulates AMD's.
# shellcheck shell=bash

# The suite whose QEMU emulates. With that of Debian 12 (7.2) a CPU can execute
# for ever what another has overwritten long ago: the int3 that ftrace put at
# kvm_emulate_hypercall() for a moment. Not so with 10.0.
emulator_suite=trixie

# What the packages hold, with no maintainer script run.
unpack_emulator() {
	say "unpacking the QEMU of Debian's $emulator_suite, to emulate a machine with virtualization"
	bootstrap $emulator_suite root --variant=extract --include=qemu-system-x86,seabios
}

# Sets $qemu to the command that runs it, with its own libraries.
need_emulator() {
	local root=$cache/emulator/$emulator_suite/root libraries

	cached "${root%/root}" unpack_emulator
	libraries=$root/usr/lib/x86_64-linux-gnu
	qemu=(env "QEMU_MODULE_DIR=$libraries/qemu"
		"$libraries/ld-linux-x86-64.so.2" --library-path "$libraries"
		"$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios")
}

# hardware VENDOR: true where KVM can run a nested host of that vendor that itself
# has KVM: the CPU says so, the module allows it, and a trial shows that QEMU can
# use it.
hardware() {
	local flag=svm module=kvm_amd

	[ "$1" = amd ] || flag=vmx module=kvm_intel
	grep -q -w $flag /proc/cpuinfo &&
		grep -q -s '[1Y]' /sys/module/$module/parameters/nested &&
		need_packages qemu-system-x86 seabios &&
		echo quit | timeout 10 qemu-system-x86_64 -accel kvm -cpu host -S -nodefaults \
			-display none -monitor stdio >/dev/null 2>&1
}

# What a nested host of that vendor runs in.
machine_of() {
	if hardware "$1"; then
		echo KVM
	elif [ "$1" = amd ]; then
		echo QEMU
	else
		echo Bochs
	fi
}

# need_qemu VENDOR [counting|single|uniprocessor]: sets $qemu to the command with the machine's
# CPUs. With a thread for each, a guest now and then finds the nested host's registers in
# its own, and spins or meets a triple fault: about once in 1,000 times that ftrace patches
# a function which it is running through, without any module of ours, too. One thread lets each
# CPU run for a tenth of a second, while the others may wait for it: too slow for a whole Linux as
# a guest, for which one CPU does.
need_qemu() {
	if [ "$2" != counting ] && hardware "$1"; then
		[ ${#words[@]} = 0 ] || die "-q takes a QEMU that emulates, and this machine has $1's virtualization"
		qemu=(qemu-system-x86_64 -accel kvm -cpu host -smp 2)
		return
	fi
	need_emulator
	case $2 in
	counting) qemu+=(-accel tcg -cpu 'max,+svm' -icount 'shift=0,sleep=off') ;;
	uniprocessor) qemu+=(-accel tcg -cpu 'max,+svm' -smp 1) ;;
	single) qemu+=(-accel tcg,thread=single -cpu 'max,+svm' -smp 2) ;;
	*) qemu+=(-accel tcg -cpu 'max,+svm' -smp 2) ;;
	esac
}

# boot_qemu SECONDS KERNEL RAMDISK WORDS CONSOLE: what the second serial line says
# comes to stdout, what QEMU says to stderr. $disk has QEMU's options for one,
# $words more of them.
boot_qemu() {
	limited "$1" "${qemu[@]}" -m 2048 \
		-display none -no-reboot -nodefaults -monitor none \
		-kernel "$2" -initrd "$3" -append "$4" \
		-serial "file:$5" -serial stdio ${disk[@]+"${disk[@]}"} \
		${words[@]+"${words[@]}"} </dev/null
}
