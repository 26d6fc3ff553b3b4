# SPDX-License-Identifier: GPL-2.0
# Sourced: a whole Linux guest for the nested host, see ../real_guest/boot.sh.
# shellcheck shell=bash

guest_kernel=6.1
guest_packages="qemu-system-x86 seabios busybox-static cpio gcc libc6-dev"
guest_src=$selftests/real_guest

# need_guest -k KERNEL -v VENDOR: skips where that takes too long.
need_guest() {
	[ "$4" = amd ] || hardware "$4" ||
		skip_all "a whole Linux takes too long under Bochs: run with amd"
	need_packages $guest_packages gcc-multilib
}

# build_program NAME 64|32 DIR: a guest's program, as somebody with nothing but the
# ABI's headers builds it.
build_program() {
	quietly "$build/log/real-guest-$1" gcc "-m$2" -static -pthread -O2 -D_GNU_SOURCE \
		-Wall -Werror -I "$top/module/include/uapi" -o "$3/$1$2" "$guest_src/$1".[cS]
}

# build_guest_module DIR KERNEL_DIR: the guest's kernel modules come out in the new DIR, from
# sources that know nothing of kvm-hcx's kernel side.
build_guest_module() {
	mkdir "$1"
	cp -r "$guest_src/guest_module" "$top/module/include" "$1"
	echo 'obj-m := guest_module/' >"$1/Kbuild"
	tar -C "$1" -c . | (cd "$1" && build_in_root "$2/root" "$(cat "$2/release")")
}

# The package's QEMU, the libraries it loads, and the firmware that a pc wants
# which boots -kernel.
copy_qemu() {
	local qemu=/usr/bin/qemu-system-x86_64

	mkdir -p "$1"/{lib,share}
	cp "$qemu" "$1/"
	ldd "$qemu" | grep -o '/[^ ]*' | xargs cp -L -t "$1/lib"
	cp /usr/share/seabios/bios-256k.bin /usr/share/qemu/{kvmvapic,linuxboot_dma}.bin "$1/share/"
}

# guest_modules ROOT NAME...: what modprobe finds in the guest, of its kernel's own modules.
guest_modules() {
	local image release dir

	image=$(kernel_dir $guest_kernel)
	release=$(cat "$image/release")
	dir=$1/lib/modules/$release
	shift
	mkdir -p "$dir"
	cp "$image/lib/modules/$release/"modules.{order,builtin,builtin.modinfo} "$dir/"
	/sbin/modprobe -a -d "$image" -S "$release" --show-depends "$@" |
		awk '$1 == "insmod" { print $2 }' | sort -u | xargs cp -t "$dir"
	/sbin/depmod -b "${dir%/lib/modules/*}" "$release"
}

# pack_initrd ROOT FILE...: the guest's initial ramdisk, to stdout: a shell and the files,
# one of which is init, besides what is in ROOT.
pack_initrd() {
	local root=$1

	shift
	mkdir -p "$root"/{bin,dev,proc,sys}
	cp /bin/busybox "$root/bin/"
	ln -sf busybox "$root/bin/sh"
	cp "$selftests/harness/splat" "$@" "$root/"
	(cd "$root" && find . | cpio -o -H newc --quiet)
}

# run_guest DIR SECONDS SCRIPT OPTION...: SCRIPT in a nested host with the OPTIONs, beside
# what it needs to start guests, which have what is in DIR/root.
run_guest() {
	local dir=$1 seconds=$2 script=$3 modules

	shift 3
	modules=$(build_modules $guest_kernel)
	pack_initrd "$dir/root" "$guest_src/init" "$modules/module/guest/hcx_guest.ko" >"$dir/initrd"
	[ -d "$dir/qemu" ] || copy_qemu "$dir/qemu"
	"$selftests/nested" -t "$seconds" "$@" -f "$dir/qemu" -f "$dir/initrd" \
		-f "$(kernel_dir $guest_kernel)/vmlinuz" -f "$guest_src/boot.sh" \
		-f "$guest_src/guest.sh" "$script"
}
