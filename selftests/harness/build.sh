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

# module_sources: the project's modules and the tests', as one tree that kbuild
# takes, in a tar to stdout that depends on nothing else.
module_sources() {
	local tree

	tree=$(mktemp -d)
	git -C "$top" ls-files -z -co --exclude-standard dkms.conf module selftests/test_modules |
		(cd "$top" && xargs -0 cp --parents -t "$tree")
	echo 'obj-m := module/ selftests/test_modules/' >"$tree/Kbuild"
	tar -C "$tree" --sort=name --mtime=@0 --owner=0 --group=0 --mode=a+rX -c .
	rm -rf "$tree"
}

# build_in_root ROOT RELEASE <TAR: makes the modules of a tree; those, and what
# modules that use them are linked against, come out here.
build_in_root() {
	in_root "$1" sh -e -c '
		dir=$(mktemp -d)
		cd "$dir"
		tar -x
		make -C "/lib/modules/$0/build" M="$dir" HCX_GUEST=m modules >&2
		find . -name "*.ko" -o -name Module.symvers | tar -c -T -
		rm -rf "$dir"' "$2" | tar -x --no-same-owner
}

# make_modules KERNEL TAR DIR
make_modules() {
	local kernel

	kernel=$(kernel_dir "$1")
	cd "$3" && build_in_root "$kernel/root" "$(cat "$kernel/release")" <"$2"
}

# build_modules KERNEL: prints the directory of a build for that kernel; makes
# it anew only where a source has changed.
build_modules() {
	local dir=$build/modules/$1 digest kernel

	kernel=$(kernel_dir "$1")
	lock_build
	digest=$(cat "$kernel/release" - < <(module_sources) | sha256sum)
	if [ "$digest" != "$(cat "$dir/digest" 2>/dev/null)" ]; then
		say "kernel $1: building the modules"
		rm -rf "$dir"
		mkdir -p "$dir"
		module_sources >"$build/sources.tar"
		(quietly "$build/log/modules-$1" make_modules "$1" "$build/sources.tar" "$dir")
		echo "$digest" >"$dir/digest"
	fi
	unlock_build
	echo "$dir"
}

# handler_tree DIR BUILD: somebody's own handler modules and what they are built
# with, in a tar to stdout.
handler_tree() {
	local tree

	tree=$(mktemp -d)
	mkdir "$tree/kvm-hcx"
	cp -r "$1" "$tree/handlers"
	cp -r "$top/module/include" "$2/Module.symvers" "$tree/kvm-hcx/"
	tar -C "$tree" -c .
	rm -rf "$tree"
}

# build_handlers KERNEL DIR: makes the modules of DIR as on a host where the core is
# installed; they come out here.
build_handlers() {
	local kernel modules

	kernel=$(kernel_dir "$1")
	modules=$(build_modules "$1")
	handler_tree "$2" "$modules" | in_copy "$kernel/root" sh -e -c '
		cd /tmp
		tar -x
		mv kvm-hcx "/lib/modules/$0/"
		make -C "/lib/modules/$0/build" M=/tmp/handlers \
			KBUILD_EXTRA_SYMBOLS="/lib/modules/$0/kvm-hcx/Module.symvers" modules >&2
		find handlers -name "*.ko" -printf "%P\n" | tar -C handlers -c -T -' \
		"$(cat "$kernel/release")" | tar -x --no-same-owner
}

# libbpf is for one test, which goes without where it is missing.
test_packages="gcc libc6-dev make libbpf-dev libelf-dev zlib1g-dev"

# build_tests: prints the directory of the tests, installed as kselftest
# installs a collection, with its runner. Where tests_built is set, they are there.
build_tests() {
	local source dir=$build/kselftest

	if [ -n "${tests_built:-}" ]; then
		echo "$dir"
		return
	fi
	need_packages $test_packages
	source=$("$selftests/kernel-source")
	lock_build
	mkdir -p "$build/selftests" "$dir/kselftest"
	quietly "$build/log/selftests" make -j"$(nproc)" -C "$selftests" KSRC="$source" \
		OUTPUT="$build/selftests" INSTALL_PATH="$dir/kvm_hcx" install
	# None is written in place: a nested host may be made of them meanwhile.
	rsync -a "$source/tools/testing/selftests/run_kselftest.sh" "$dir/"
	rsync -a "$source/tools/testing/selftests/kselftest/" "$dir/kselftest/"
	make -s -C "$selftests" KSRC="$source" OUTPUT="$build/selftests" COLLECTION=kvm_hcx \
		emit_tests >"$build/kselftest-list.txt"
	mv "$build/kselftest-list.txt" "$dir/"
	unlock_build
	echo "$dir"
}
