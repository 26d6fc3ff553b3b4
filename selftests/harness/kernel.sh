# SPDX-License-Identifier: GPL-2.0
# Sourced: the kernels of ../kernels, their images, headers and sources.
# shellcheck shell=bash

# kernel_field NAME N: column N of NAME's line in the table.
kernel_field() {
	local field

	field=$(awk -v name="$1" -v n="$2" '$1 == name { print $n }' "$selftests/kernels")
	[ -n "$field" ] || die "no kernel '$1' in $selftests/kernels; there is: $(kernel_names)"
	echo "$field"
}

kernel_names() {
	awk '!/^#/ && NF { print $1 }' "$selftests/kernels" | xargs
}

# The release (uname -r) that NAME's headers metapackage stands for.
kernel_release() {
	local headers

	headers=linux-headers-$(kernel_field "$1" 3)
	dpkg-query -W -f '${Depends}\n' "$headers" |
		grep -o 'linux-headers-[0-9][^ ,]*' | sed 's/^linux-headers-//'
}

fetch_image() {
	say "fetching the $1 kernel"
	quietly "$cache/log/fetch-$1" \
		apt-get -o Acquire::Retries=5 -o APT::Sandbox::User=root download "linux-image-$1"
	dpkg-deb -x linux-image-*.deb .
	rm linux-image-*.deb
	mv boot/vmlinuz-* vmlinuz
	rm -rf boot usr
}

# Prints where NAME's kernel is unpacked: vmlinuz and lib/modules.
kernel_image() {
	local release

	release=$(kernel_release "$1")
	cached "$cache/kernel/$release" fetch_image "$release"
	echo "$cache/kernel/$release"
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
