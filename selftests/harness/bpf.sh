# SPDX-License-Identifier: GPL-2.0
# Sourced, after build.sh and tools.sh: handlers in BPF, and what attaches them.
# shellcheck shell=bash

bpf_packages="clang libbpf-dev make gcc libc6-dev"

# takes_bpf KERNEL: see the top of module/bpf.c; a kernel's name may go on behind its version.
takes_bpf() {
	[ "$(printf '6.12\n%s\n' "${1%%-*}" | sort -V | head -n 1)" = 6.12 ]
}

# bpf_object SOURCE DIR [NAME [WORD...]]: compiled there with these words, by the top's
# Makefile; NAME.bpf.o where it is to be called otherwise.
bpf_object() {
	local source=$1 dir=$2 name=${3:-$(basename "$1" .bpf.c)}

	shift 2
	[ $# = 0 ] || shift
	need_packages $bpf_packages
	cp "$source" "$dir/$name.bpf.c"
	quietly "$build/log/bpf-$name" make -s -C "$top" BPF_CFLAGS="-Werror -I $(dirname "$source") $*" \
		"$dir/$name.bpf.o"
	rm "$dir/$name.bpf.c"
}

# build_bpf_programs KERNEL DIR: in the kernel's root; they, and what they load, come out there.
build_bpf_programs() {
	local root

	root=$(kernel_dir "$1")/root
	[ -e "$root/usr/include/bpf/libbpf.h" ] ||
		die "$root is an older checkout's and has no libbpf: remove $cache/root and $cache/kernel"
	tar -C "$top" --exclude='*.o' -c Makefile dkms.conf module/bpf module/include \
		selftests/bpf/links.c |
		in_copy "$root" sh -e -c '
			cd /tmp
			tar -x
			make -s bpf-programs CFLAGS="-Wall -Wextra -Werror -Wno-sign-compare" >&2
			gcc -Wall -Wextra -Werror -o links selftests/bpf/links.c -lbpf
			mv module/bpf/hcx-bpf module/bpf/recorder .
			mkdir lib
			ldd hcx-bpf recorder links | grep -o "/[^ ]*/[^ :]*" | sort -u | xargs cp -L -t lib
			tar -c hcx-bpf recorder links lib' | tar -C "$2" --no-same-owner -x
}

# bpf_programs KERNEL DIR: hcx-bpf, the example's reader and a bad loader as the kernel's suite builds
# them, DIR/bin/hcx-bpf, wherever DIR is put.
bpf_programs() {
	local program

	mkdir -p "$2"/{bin,libexec}
	quietly "$build/log/bpf-programs-$1" build_bpf_programs "$1" "$2"
	for program in hcx-bpf recorder links; do
		mv "$2/$program" "$2/libexec/"
		tool_wrapper >"$2/bin/$program"
		chmod +x "$2/bin/$program"
	done
}
