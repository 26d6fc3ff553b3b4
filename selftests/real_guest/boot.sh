# SPDX-License-Identifier: GPL-2.0
# Sourced in the nested host, with qemu, vmlinuz and initrd beside it: a whole Linux guest.
# shellcheck shell=sh disable=SC3043 # busybox's shell has local

# QEMU's libraries are where no loader looks for them by itself. No XSAVE: in
# QEMU 7.2's emulated SVM a guest's XSETBV does not exit to KVM, and the guest's
# kernel then warns of a CPUID that does not match its XCR0. So no AVX, either, which
# kernels from 7.x on use for their ciphers without a look at XSAVE.
# boot_guest CPU WORDS OPTION...: what to add to the model, to the kernel's command line,
# and to QEMU's.
boot_guest() {
	local cpu=$1 words=$2

	shift 2
	timeout -s KILL 300 qemu/lib/ld-linux-x86-64.so.2 --library-path qemu/lib \
		qemu/qemu-system-x86_64 -L qemu/share \
		-accel kvm -cpu "host,-xsave,-avx,-avx2$cpu" -m 256 -machine pc -nodefaults -no-reboot \
		-display none -serial stdio -kernel vmlinuz -initrd initrd \
		-append "console=ttyS0 quiet panic=-1 oops=panic $words" "$@" </dev/null 2>&1
}

# Keeps the guest's output in guest.log, and shows it as it comes.
keep_and_show() {
	tee guest.log | awk '{ sub(/\r$/, ""); print "# " $0; fflush() }'
}
