# SPDX-License-Identifier: GPL-2.0
# Sourced: nested hosts under Bochs, which emulates Intel's virtualization.
# shellcheck shell=bash

bochs_ips=20000000

# For a kernel's command line. What takes long to emulate and proves nothing here
# is left out: self-tests of ciphers, certificates, /sys/kernel/slab, long RCU waits. The TSC
# advances by one for each instruction.
bochs_words="nokaslr mitigations=off tsc=reliable tsc_early_khz=$((bochs_ips / 1000)) no_timer_check"
bochs_words+=" cryptomgr.notests=1 initcall_blacklist=load_system_certificate_list,slab_sysfs_init,slab_late_init"
bochs_words+=" rcupdate.rcu_expedited=1"

need_bochs() {
	need_packages bochs bochsbios vgabios isolinux syslinux-common genisoimage
}

# bochs_cd DIR KERNEL RAMDISK WORDS: makes DIR/cd.iso.
bochs_cd() {
	mkdir -p "$1/cd/isolinux"
	cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$1/cd/isolinux/"
	ln -s "$2" "$1/cd/vmlinuz"
	ln -s "$3" "$1/cd/ramdisk"
	cat >"$1/cd/isolinux/isolinux.cfg" <<-EOF
	default linux
	label linux
	kernel /vmlinuz
	initrd /ramdisk
	append $4
	EOF
	genisoimage -quiet -f -o "$1/cd.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
		-no-emul-boot -boot-load-size 4 -boot-info-table "$1/cd"
}

# bochs_config DIR CPU CONSOLE
bochs_config() {
	cat >"$1/bochsrc" <<-EOF
	cpu: model=$2, count=1, ips=$bochs_ips, reset_on_triple_fault=0, ignore_bad_msrs=1
	memory: guest=512, host=512
	romimage: file=/usr/share/bochs/BIOS-bochs-latest
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	com1: enabled=1, mode=file, dev=$3
	com2: enabled=1, mode=file, dev=/dev/fd/3
	clock: sync=none, time0=946684800, rtc_sync=0
	display_library: rfb, options="timeout=0"
	ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
	ata0-master: type=cdrom, path=$1/cd.iso, status=inserted
	boot: cdrom
	sound: waveoutdrv=dummy
	speaker: enabled=0
	log: $1/log
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	debug: action=ignore
	EOF
	echo c >"$1/debugger"
}

# boot_bochs SECONDS KERNEL RAMDISK WORDS CONSOLE CPU: as boot_qemu. The display
# listens on a port, so Bochs has a network of its own. Its status says nothing:
# it is 1 after a poweroff.
boot_bochs() {
	local dir status=0 own_network=(unshare --net)

	[ "$(id -u)" = 0 ] || own_network=(unshare --map-root-user --net)
	dir=$(mktemp -d "$work/bochs.XXXXXX")
	bochs_cd "$dir" "$2" "$3" "$4 $bochs_words"
	bochs_config "$dir" "$6" "$5"
	limited "$1" "${own_network[@]}" \
		bochs-bin -q -f "$dir/bochsrc" -rc "$dir/debugger" 3>&1 >&2 </dev/null || status=$?
	[ $status = 124 ] || status=0
	return $status
}
