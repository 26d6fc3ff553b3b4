# SPDX-License-Identifier: GPL-2.0
# Sourced, after kernel.sh and debian.sh: the kernels' own KVM selftests, built from the source
# of each, of which nothing is in this repository.
# shellcheck shell=bash

# build_kvm_selftests ROOT RELEASE: "kvm" with the programs comes out here, linked statically, and
# "list" of those that kselftest runs; one that does not build is there and has no program. Make adds
# to what is in the environment. 6.1's steal_time misses an include, and its dirty_log_test
# has been given a macro that is called otherwise there; 7.3's irq_test takes libuuid.
build_kvm_selftests() {
	fetch_linux_source "$1" "$2" Makefile Kbuild arch/x86 include scripts tools usr || return
	tar -c --remove-files -- * | in_copy "$1" sh -e -c '
		cd "$(mktemp -d)"
		tar -x
		apt-get -o APT::Sandbox::User=root install -y uuid-dev >&2
		make headers >&2
		cd tools/testing/selftests/kvm
		export LDFLAGS=-static CFLAGS="-include linux/stddef.h" KSFT_KHDR_INSTALL=
		grep -r -q "define TEST_ASSERT_EQ" include || CFLAGS="$CFLAGS -DTEST_ASSERT_EQ=ASSERT_EQ"
		make -k -j"$(nproc)" >&2 || true
		mkdir -p /tmp/tests/kvm
		make -s COLLECTION=kvm emit_tests | sed "s/^kvm://" >/tmp/tests/list
		find . -type f -perm /111 ! -name "*.so" ! -name "*.sh" -exec strip {} +
		find . -name "*.sh" -o -type f -perm /111 ! -name "*.so" | xargs cp -t /tmp/tests/kvm
		tar -C /tmp/tests -c .' "$2" | tar -x --no-same-owner
}

make_kvm_selftests() {
	local kernel

	kernel=$(kernel_dir "$1")
	say "kernel $1: building its KVM selftests"
	quietly "$cache/log/kvm-selftests-$1" build_kvm_selftests "$kernel/root" "$(cat "$kernel/release")"
}

# Prints where the KVM selftests of kernel NAME are.
kvm_selftests_of() {
	local dir

	dir=$cache/kvm-selftests/$(cat "$(kernel_dir "$1")/release")
	cached "$dir" make_kvm_selftests "$1"
	echo "$dir"
}
