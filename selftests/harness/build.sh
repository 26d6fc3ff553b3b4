# SPDX-License-Identifier: GPL-2.0
# Sourced: what is built from this checkout, for one kernel.
# shellcheck shell=bash

# build_modules RELEASE: prints the directory of a build for that kernel, of
# the project's modules and the tests'.
build_modules() {
	local dir=$build/$1

	mkdir -p "$dir"
	cp -ru "$top/module" "$selftests/test_modules" "$dir"
	echo 'obj-m := module/ test_modules/' >"$dir/Kbuild"
	quietly "$build/log/modules-$1" make -C "/lib/modules/$1/build" M="$dir" modules
	echo "$dir"
}
