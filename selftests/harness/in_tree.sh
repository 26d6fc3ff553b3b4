# SPDX-License-Identifier: GPL-2.0
# Sourced: KVM with a case for the benchmark's hypercall in it, the best that there can
# be. It is built from Debian's source of the kernel, of which nothing is in this repository.
# shellcheck shell=bash

# As KVM answers KVM_HC_VAPIC_POLL_IRQ.
add_case() {
	grep -r -l -w 'case KVM_HC_VAPIC_POLL_IRQ:' arch/x86/kvm | xargs \
		sed -i -E 's/^(\s*)case KVM_HC_VAPIC_POLL_IRQ:$/\1case 0x1f:\n\1\tret = 0;\n\1\tbreak;\n&/'
	grep -r -q -w 'case 0x1f:' arch/x86/kvm
}

# build_kvm ROOT RELEASE: kvm.ko comes out here. kvm-amd and kvm-intel stay the kernel's: the
# symbol versions tell that they fit.
build_kvm() {
	fetch_linux_source "$1" "$2" arch/x86/kvm virt/kvm || return
	add_case || return
	tar -c arch virt | in_copy "$1" sh -e -c '
		tree=$(readlink -f "/lib/modules/$0/source")
		tar -C "$tree" -x
		make -j"$(nproc)" -C "/lib/modules/$0/build" M="$tree/arch/x86/kvm" KCFLAGS="-I$tree/arch/x86/kvm" \
			CONFIG_KVM_AMD= CONFIG_KVM_INTEL= modules >&2
		strip --strip-debug "$tree/arch/x86/kvm/kvm.ko"
		tar -C "$tree/arch/x86/kvm" -c kvm.ko' "$2" | tar -x --no-same-owner &&
		rm -r arch virt
}

make_in_tree_kvm() {
	local kernel

	kernel=$(kernel_dir "$1")
	say "kernel $1: fetching KVM's source, and building it with one case more"
	quietly "$cache/log/in-tree-$1" build_kvm "$kernel/root" "$(cat "$kernel/release")"
}

# Where the kvm.ko of kernel NAME is, or is to be.
in_tree_dir() {
	echo "$cache/in-tree/$(cat "$(kernel_dir "$1")/release")"
}

in_tree_kvm() {
	cached "$(in_tree_dir "$1")" make_in_tree_kvm "$1"
}
