# SPDX-License-Identifier: GPL-2.0
# Sourced: a whole Linux guest for the nested host, see ../real_guest/boot.sh.
# shellcheck shell=bash

guest_kernel=6.1
guest_packages="qemu-system-x86 seabios busybox-static cpio gcc libc6-dev"

# The package's QEMU, the libraries it loads, and the firmware that a pc wants
# which boots -kernel.
copy_qemu() {
	local qemu=/usr/bin/qemu-system-x86_64

	mkdir -p "$1"/{lib,share}
	cp "$qemu" "$1/"
	ldd "$qemu" | grep -o '/[^ ]*' | xargs cp -L -t "$1/lib"
	cp /usr/share/seabios/bios-256k.bin /usr/share/qemu/{kvmvapic,linuxboot_dma}.bin "$1/share/"
}

# pack_initrd ROOT FILE...: the guest's initial ramdisk, to stdout: a shell and the files,
# one of which is init, besides what is in ROOT.
pack_initrd() {
	local root=$1

	shift
	mkdir -p "$root"/{bin,dev,proc,sys}
	cp /bin/busybox "$root/bin/"
	ln -s busybox "$root/bin/sh"
	cp "$selftests/harness/splat" "$@" "$root/"
	(cd "$root" && find . | cpio -o -H newc --quiet)
}
