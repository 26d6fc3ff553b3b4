# SPDX-License-Identifier: GPL-2.0
# Sourced, after build.sh and tools.sh: handlers in BPF, and what attaches them.
# shellcheck shell=bash

bpf_packages="clang libbpf-dev make gcc libc6-dev"

# takes_bpf KERNEL: see STRUCT_OPS in module/probe.c; no kernel of ../kernels is between 6.1 and
# 6.12. A name may go on behind the version.
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

# build_bpf_programs ROOT DIR: in the root of a kernel; they come out there.
build_bpf_programs() {
	local root=$1

	[ -e "$root/usr/include/bpf/libbpf.h" ] ||
		die "$root is an older checkout's and has no libbpf: remove $cache/root and $cache/kernel"
	tar -C "$top" --exclude='*.o' -c Makefile dkms.conf module/bpf module/include \
		selftests/bpf/links.c |
		in_copy "$root" sh -e -c '
			cd /tmp
			tar -x
			make -s bpf-programs CFLAGS="-Wall -Wextra -Werror -Wno-sign-compare" >&2
			gcc -Wall -Wextra -Werror -o links selftests/bpf/links.c -lbpf
			tar -c links -C module/bpf hcx-bpf recorder' | tar -C "$2" --no-same-owner -x
}

# bpf_programs KERNEL DIR: hcx-bpf, the example's reader and a bad loader as the kernel's suite builds
# them, DIR/bin/hcx-bpf, wherever DIR is put.
bpf_programs() {
	local root program

	root=$(kernel_dir "$1")/root
	mkdir "$2/built"
	quietly "$build/log/bpf-programs-$1" build_bpf_programs "$root" "$2/built"
	for program in hcx-bpf recorder links; do
		copy_program "$2" "$root" "$2/built/$program"
	done
	rm -r "$2/built"
}
