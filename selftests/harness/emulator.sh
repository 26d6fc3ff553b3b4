# SPDX-License-Identifier: GPL-2.0
# Sourced: QEMU, for machines without hardware virtualization.
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

# Sets $emulator to the command that runs it, with its own libraries.
need_emulator() {
	local root=$cache/emulator/$emulator_suite/root libraries

	cached "${root%/root}" unpack_emulator
	libraries=$root/usr/lib/x86_64-linux-gnu
	emulator=(env "QEMU_MODULE_DIR=$libraries/qemu"
		"$libraries/ld-linux-x86-64.so.2" --library-path "$libraries"
		"$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios")
}
