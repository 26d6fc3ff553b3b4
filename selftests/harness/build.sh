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

# build_tests: prints the directory of the tests, installed as kselftest
# installs a collection, with its runner.
build_tests() {
	local source dir=$build/kselftest

	source=$("$selftests/kernel-source")
	mkdir -p "$build/selftests" "$dir/kselftest"
	quietly "$build/log/selftests" make -j"$(nproc)" -C "$selftests" KSRC="$source" \
		OUTPUT="$build/selftests" INSTALL_PATH="$dir/kvm_hcx" install
	cp "$source/tools/testing/selftests/run_kselftest.sh" "$dir/"
	cp "$source"/tools/testing/selftests/kselftest/* "$dir/kselftest/"
	make -s -C "$selftests" KSRC="$source" OUTPUT="$build/selftests" COLLECTION=kvm_hcx \
		emit_tests >"$dir/kselftest-list.txt"
	echo "$dir"
}
