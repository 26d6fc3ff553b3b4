# SPDX-License-Identifier: GPL-2.0
# Sourced: QEMU, for machines without hardware virtualization.
# shellcheck shell=bash

# The suite whose QEMU emulates. With that of Debian 12 (7.2) a CPU can execute
# for ever what another has overwritten long ago: the int3 that ftrace put at
# kvm_emulate_hypercall() for a moment. Not so with 10.0.
emulator_suite=trixie

# The machine's own package archive, and how it wants to be asked.
debian_mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' |
		head -n 1 | grep . || die "no Debian package archive among this machine's apt sources"
}

apt_options() {
	apt-config dump | grep -E '^Acquire::(Check-Valid-Until|https?::.*Proxy) ' || true
	echo 'Acquire::Retries "5";'
	echo 'APT::Install-Recommends "false";'
}

# What the packages hold, with no maintainer script run, in the working directory.
unpack_emulator() {
	local mirror

	mirror=$(debian_mirror)
	say "unpacking the QEMU of Debian's $emulator_suite, to emulate a machine with virtualization"
	apt_options >apt-options
	quietly "$cache/log/emulator" \
		mmdebstrap --variant=extract --include=qemu-system-x86,seabios \
		--keyring=/usr/share/keyrings --aptopt=apt-options "$emulator_suite" root "$mirror"
	rm apt-options
}

# Sets $emulator to the command that runs it, with its own libraries.
need_emulator() {
	local root=$cache/emulator/$emulator_suite/root libraries

	need_packages mmdebstrap debian-archive-keyring
	cached "${root%/root}" unpack_emulator
	libraries=$root/usr/lib/x86_64-linux-gnu
	emulator=(env "QEMU_MODULE_DIR=$libraries/qemu"
		"$libraries/ld-linux-x86-64.so.2" --library-path "$libraries"
		"$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios")
}
