# SPDX-License-Identifier: GPL-2.0
# Sourced: plugins for the QEMU that emulates.
# shellcheck shell=bash

# The header that they are built with is in no package: it is taken from the source of that
# QEMU, which refuses a plugin that was built for another interface than its own.
unpack_plugin_header() {
	say "fetching the source of the QEMU of Debian's $emulator_suite, for the header of its plugins"
	fetch_source $emulator_suite qemu
	tar --no-same-owner --strip-components=3 --wildcards -xf qemu_*.orig.tar.xz '*/include/qemu/qemu-plugin.h'
	rm qemu_*
}

# build_plugin SOURCE OUTPUT
build_plugin() {
	local header=$cache/plugin/$emulator_suite

	need_packages gcc libc6-dev pkgconf libglib2.0-dev
	cached "$header" unpack_plugin_header
	quietly "$build/log/plugin" gcc -shared -fPIC -O2 -Wall -Werror -I "$header" \
		$(pkg-config --cflags glib-2.0) -o "$2" "$1"
}
