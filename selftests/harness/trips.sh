# SPDX-License-Identifier: GPL-2.0
# Sourced, after real_guest.sh: what it costs a program in a whole Linux guest to ask one on
# the host, for make bench.
# shellcheck shell=bash

trips="guest_null guest_serve guest_serve_epoll guest_vsock guest_vsock_epoll"

# make_trips DIR: the programs of both sides, and what the guest loads for vsock.
make_trips() {
	mkdir "$1/root"
	build_program trips 64 "$1/root"
	build_program server 64 "$1"
	guest_modules "$1/root" virtio_pci vmw_vsock_virtio_transport
}

# try_trips DIR KERNEL VENDOR: "CASE INSTRUCTIONS" lines. The time is thrice what it takes.
try_trips() {
	run_guest "$1" 100 "$selftests/bench/trips" -k "$2" -v "$3" -n -f "$1/server64" >"$1/said" || return
	sed -n 's/\r$//; /^guest_[a-z_]* [0-9]*$/p' "$1/said" >"$1/figures"
	[ "$(wc -l <"$1/figures")" = "$(wc -w <<<"$trips")" ]
}

# count_trips KERNEL VENDOR: the same, or "CASE - REASON". About one time in four the emulator loses the
# guest when it begins to use vsock: the guest finds another's GS base in its own, and dies, or
# both it and the nested host hang (see qemu.sh, too). So there are more tries.
count_trips() {
	local dir=$mine/trips try

	if [ "$2" != amd ]; then
		printf '%s - a whole Linux as a guest takes too long under Bochs\n' $trips
		return
	fi
	mkdir "$dir"
	make_trips "$dir"
	for try in 1 2 3 4; do
		if try_trips "$dir" "$1" "$2"; then
			cat "$dir/figures"
			return
		fi
		say "kernel $1, vendor $2: the emulator has lost the guest, time $try"
	done
	cat "$dir/said" >&2
	printf '%s - the emulator lost the guest, four times\n' $trips
}
