# SPDX-License-Identifier: GPL-2.0
# Sourced: tracing tools as a distribution has them, for nested hosts, whose only
# userland is a static busybox.
# shellcheck shell=bash
. "$selftests/harness/kernel.sh"
. "$selftests/harness/debian.sh"
. "$selftests/harness/build.sh"
. "$selftests/harness/qemu.sh"

# The suite they are of. Its tools take all kernels in ../kernels, older and newer.
tools_suite=trixie
tools_packages=linux-perf,bpftrace,trace-cmd,bpftool

# What the packages hold, with no maintainer script run.
unpack_tools() {
	say "unpacking perf, bpftrace, trace-cmd and bpftool of Debian's $tools_suite"
	bootstrap $tools_suite root --variant=extract --include=$tools_packages
}

# libraries_of ROOT PROGRAM: those that it loads, and the loader, which tells them.
libraries_of() {
	local libraries=$1/usr/lib/x86_64-linux-gnu

	"$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" --list "$2" |
		grep -o "$libraries/[^ ]*"
}

# It has no path built in. What the kernel takes for the name of the process is the
# loader's.
tool_wrapper() {
	cat <<-'END'
	#!/bin/sh
	dir=${0%/*}/..
	exec "$dir/lib/ld-linux-x86-64.so.2" --library-path "$dir/lib" \
		"$dir/libexec/${0##*/}" "$@"
	END
}

# copy_program DIR ROOT FILE: a program of what is unpacked in ROOT, with its libraries.
copy_program() {
	local name=${3##*/}

	mkdir -p "$1"/{bin,lib,libexec}
	cp "$3" "$1/libexec/"
	libraries_of "$2" "$1/libexec/$name" | xargs cp -L -u -t "$1/lib"
	tool_wrapper >"$1/bin/$name"
	chmod +x "$1/bin/$name"
}

# copy_tools DIR TOOL...: DIR/bin/TOOL runs wherever DIR is put. That has 250 MB with
# bpftrace, which brings LLVM and takes a nested host 3 seconds to unpack, 55 without.
copy_tools() {
	local dir=$1 root=$cache/tools/$tools_suite/root tool program

	shift
	cached "${root%/root}" unpack_tools
	for tool; do
		program=$(find "$root"/usr/{bin,sbin} -name "$tool" | grep .) ||
			die "$root is an older checkout's and has no $tool: remove ${root%/root}"
		copy_program "$dir" "$root" "$program"
	done
}

unpack_python() {
	say "unpacking Python of Debian's $tools_suite"
	bootstrap $tools_suite root --variant=extract --include=python3-minimal
}

# Wherever the directory is put, with PYTHONHOME naming it.
copy_python() {
	local root=$cache/python/$tools_suite/root

	cached "${root%/root}" unpack_python
	copy_program "$1" "$root" "$root/usr/bin/python3"
	cp -r "$root"/usr/lib/python3.* "$1/lib/"
}

# nested_with_tools "TOOL..." -k KERNEL -v VENDOR [WORD...]: for a host test: ./nested, with
# all words but the first, the tools, and what scripts there source.
nested_with_tools() {
	local tools=$1

	shift
	[ "$4" = amd ] || hardware "$4" ||
		skip_all "with bpftrace and its LLVM, Bochs does not boot in two minutes: run with amd"
	build_tests >/dev/null
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	copy_tools "$work/tools" $tools
	"$selftests/nested" -f "$work/tools" -f "$selftests/ktap.sh" -f "$selftests/hcx_util.sh" "$@"
}
