# SPDX-License-Identifier: GPL-2.0
# Sourced by kernel.sh: kernels that look for errors in themselves, built from their suite's
# linux-source without drivers and with the options of ../debug/.
# shellcheck shell=bash

debug_kernel_names() {
	awk '!/^#/ && NF && $3 !~ /amd64$/ { print $1 }' "$selftests/kernels" | xargs
}

# The quick ones find nothing that these do not.
thorough_kernel_names() {
	debug_kernel_names | xargs -n 1 | grep -v -e '-quick$' | xargs
}

is_debug() {
	[[ " $(debug_kernel_names) " == *" $1 "* ]]
}

debug_root_packages="build-essential,kmod,xz-utils,bc,bison,flex,libelf-dev,libssl-dev,libdw-dev,cpio"
debug_root_packages+=",rsync,debhelper,python3,linux-source,pahole,libbpf-dev"

make_debug_root() {
	say "fetching the kernel source and compiler of Debian's $1"
	bootstrap "$1" root --variant=apt --skip=cleanup/apt --include="$debug_root_packages"
}

# config_of NAME FLAVOUR: what its configuration has to hold. NAME is RELEASE-FLAVOUR, and
# few releases need something of their own.
config_of() {
	local of_release=$selftests/debug/${1%-"$2"}.config

	cat "$selftests/debug/base.config" "$selftests/debug/$2.config"
	[ ! -e "$of_release" ] || cat "$of_release"
}

# build_debug_kernel NAME FLAVOUR ROOT: the packages of its image and headers come out here, and
# vmlinux, whose BTF that of modules is built upon and which the headers do not have.
build_debug_kernel() {
	config_of "$1" "$2" | in_copy "$3" sh -e -c '
		dir=$(mktemp -d)
		mkdir "$dir/linux"
		cd "$dir/linux"
		cat >../wanted
		tar -x --strip-components=1 -f /usr/src/linux-source-*.tar.xz
		make KCONFIG_ALLCONFIG=../wanted allnoconfig >&2
		if grep "^CONFIG_" ../wanted | grep -v -x -F -f .config >&2; then
			echo "these options did not come out as wanted" >&2
			exit 1
		fi
		make -j"$(nproc)" LOCALVERSION="-$0" KDEB_PKGVERSION=1 KDEB_COMPRESS=none \
			DEB_BUILD_PROFILES=pkg.linux-upstream.nokerneldbg INSTALL_MOD_STRIP=1 bindeb-pkg >&2
		strip --strip-debug vmlinux -o ../vmlinux
		tar -C .. -c vmlinux $(cd .. && ls linux-image-*.deb linux-headers-*.deb)' "$2" |
		tar -x --no-same-owner
}

# install_headers ROOT: those that have come out here.
install_headers() {
	tar -c vmlinux linux-headers-*.deb | in_root "$1" sh -e -c '
		cd "$(mktemp -d)"
		tar -x
		dpkg --install ./*.deb
		mv vmlinux "/usr/src/$(echo *.deb | sed "s/_.*//")/"
		rm ./*.deb'
	rm vmlinux linux-headers-*.deb
}

# make_debug_kernel NAME SUITE FLAVOUR
make_debug_kernel() {
	local dir=root/$2-debug

	cached "$cache/$dir" make_debug_root "$2"
	say "kernel $1: building it, which takes twenty minutes on two CPUs"
	quietly "$cache/log/build-$1" build_debug_kernel "$1" "$3" "$cache/$dir/root"
	quietly "$cache/log/headers-$1" install_headers "$cache/$dir/root"
	quietly "$cache/log/unpack-$1" unpack_image
	ln -s "../../$dir/root" root
}
