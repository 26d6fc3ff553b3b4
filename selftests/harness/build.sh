# SPDX-License-Identifier: GPL-2.0
# Sourced: what is built from this checkout, for one kernel.
# shellcheck shell=bash

# One build at a time in one checkout.
lock_build() {
	mkdir -p "$build/log"
	exec 8>"$build/lock"
	flock 8
}

unlock_build() {
	exec 8>&-
}

# copy_modules DIR: the sources of the project's modules and the tests', as one
# tree that kbuild takes.
copy_modules() {
	mkdir -p "$1/selftests"
	cp -ru "$top/module" "$1"
	cp -ru "$selftests/test_modules" "$1/selftests"
	echo 'obj-m := module/ selftests/test_modules/' >"$1/Kbuild"
}

# build_modules RELEASE: prints the directory of a build for that kernel.
build_modules() {
	local dir=$build/$1

	lock_build
	copy_modules "$dir"
	quietly "$build/log/modules-$1" make -C "/lib/modules/$1/build" M="$dir" modules
	unlock_build
	echo "$dir"
}

# build_tests: prints the directory of the tests, installed as kselftest
# installs a collection, with its runner.
build_tests() {
	local source dir=$build/kselftest

	source=$("$selftests/kernel-source")
	lock_build
	mkdir -p "$build/selftests" "$dir/kselftest"
	quietly "$build/log/selftests" make -j"$(nproc)" -C "$selftests" KSRC="$source" \
		OUTPUT="$build/selftests" INSTALL_PATH="$dir/kvm_hcx" install
	cp "$source/tools/testing/selftests/run_kselftest.sh" "$dir/"
	cp "$source"/tools/testing/selftests/kselftest/* "$dir/kselftest/"
	make -s -C "$selftests" KSRC="$source" OUTPUT="$build/selftests" COLLECTION=kvm_hcx \
		emit_tests >"$dir/kselftest-list.txt"
	unlock_build
	echo "$dir"
}
