# SPDX-License-Identifier: GPL-2.0
# Sourced: the kernels of ../kernels, their images, headers and sources.
# shellcheck shell=bash
. "$selftests/harness/debug_kernel.sh"

# kernel_field NAME N: column N of NAME's line in the table.
kernel_field() {
	local field

	field=$(awk -v name="$1" -v n="$2" '$1 == name { print $n }' "$selftests/kernels")
	[ -n "$field" ] ||
		die "no kernel '$1' in $selftests/kernels; there is: $(kernel_names) $(debug_kernel_names)"
	echo "$field"
}

# Of the distribution's own kernels.
kernel_names() {
	awk '!/^#/ && NF && $3 ~ /amd64$/ { print $1 }' "$selftests/kernels" | xargs
}

# In the suite's root: the packages that the image's metapackage stands for, with
# the kernel and its modules, in one package or, from 7.0 on, in several.
image_packages() {
	in_root "$1" apt-cache depends --recurse --important "linux-image-$2" |
		grep -E '^linux-(image|base|binary|modules)-[0-9]' | sort -u
}

# fetch_image ROOT FLAVOUR: the packages come out here.
fetch_image() {
	in_root "$1" sh -e -c '
		dir=$(mktemp -d)
		cd "$dir"
		apt-get -o APT::Sandbox::User=root download "$@" >&2
		tar -c ./*.deb
		rm -rf "$dir"' \
		download $(image_packages "$1" "$2") | tar -x --no-same-owner
}

# The image and modules, from their packages, with no maintainer script run.
unpack_image() {
	find . -maxdepth 1 -name '*.deb' -exec dpkg-deb -x {} . \; &&
		rm -rf ./*.deb &&
		mkdir -p boot lib/modules usr/lib/modules &&
		cp -r usr/lib/modules lib/ &&
		mv "$(find boot lib -maxdepth 3 -name 'vmlinuz*')" vmlinuz &&
		mv "$(find boot lib -maxdepth 3 -name 'config*')" config &&
		rm -rf boot etc usr &&
		ls lib/modules >release &&
		/sbin/depmod -b . "$(cat release)"
}

# headers_of SUITE: of all its kernels.
headers_of() {
	awk -v suite="$1" '$2 == suite && $3 ~ /amd64$/ { print "linux-headers-" $3 }' "$selftests/kernels"
}

make_root() {
	say "fetching the headers and compiler of Debian's $1"
	bootstrap "$1" root --variant=apt --skip=cleanup/apt \
		--include="gcc make libc6-dev libbpf-dev kmod xz-utils $(headers_of "$1" | xargs)"
}

# Prints the root of SUITE, in which to build for its kernels.
suite_root() {
	cached "$cache/root/$1" make_root "$1"
	echo "$cache/root/$1/root"
}

make_kernel() {
	local suite flavour root

	suite=$(kernel_field "$1" 2)
	flavour=$(kernel_field "$1" 3)
	if is_debug "$1"; then
		make_debug_kernel "$1" "$suite" "$flavour"
		return
	fi
	root=$(suite_root "$suite") || return
	say "kernel $1: fetching the image"
	quietly "$cache/log/fetch-$1" fetch_image "$root" "$flavour"
	quietly "$cache/log/unpack-$1" unpack_image
	ln -s "../../root/$suite/root" root
}

# Prints the directory of kernel NAME: vmlinuz, config, release, lib/modules and
# root, which is its suite's.
kernel_dir() {
	kernel_field "$1" 1 >/dev/null
	need_packages kmod
	cached "$cache/kernel/$1" make_kernel "$1"
	echo "$cache/kernel/$1"
}

# The first kernel in the table that is of the same suite.
first_of_suite() {
	awk -v suite="$(kernel_field "$1" 2)" '$2 == suite { print $1; exit }' "$selftests/kernels"
}

kernel_vendors() {
	kernel_field "$1" 4 | tr , ' '
}

# fetch_linux_source ROOT RELEASE PATH...: these parts of the source come out here, of the
# version that the headers are of.
fetch_linux_source() {
	local root=$1

	shift
	in_root "$root" sh -e -c '
		dir=$(mktemp -d)
		cd "$dir"
		version=$(dpkg-query -W -f "\${Version}" "linux-headers-$0")
		name=linux-source-$(echo "$version" | grep -o -E "^[0-9]+\.[0-9]+")
		apt-get -o APT::Sandbox::User=root download "$name=$version" >&2
		dpkg-deb --fsys-tarfile ./*.deb | tar -x "./usr/src/$name.tar.xz"
		for path; do echo "$name/$path"; done >paths
		mkdir linux
		tar -C linux -x --strip-components=1 -f "usr/src/$name.tar.xz" -T paths
		tar -C linux -c .
		rm -rf "$dir"' "$@" | tar -x --no-same-owner
}

# What the selftests and their library need of the kernel's source.
unpack_source() {
	say "unpacking $1, for the KVM selftest library"
	tar -x --strip-components=1 -f "/usr/src/$1.tar.xz" --wildcards \
		'*/Makefile' '*/Kbuild' "$1/include" "$1/arch/x86" "$1/scripts" "$1/usr" "$1/tools"
	quietly "$cache/log/headers" make headers
}

# Prints where the kernel source that the selftests build with is unpacked.
kernel_source() {
	local package=linux-source-6.1 version

	version=$(dpkg-query -W -f '${Version}' $package)
	cached "$cache/source/$package-$version" unpack_source $package
	echo "$cache/source/$package-$version"
}
