# SPDX-License-Identifier: GPL-2.0
# Sourced in a nested host after hcx_util.sh, beside compare.awk: runs the commands of a
# document as they are written there, but for the numbers of the VMs' processes, and compares
# what they show with the samples below them. $told has the numbers in the document.
# shellcheck shell=sh disable=SC2154

compare=$PWD/compare.awk
here=

mkdir "$tmp/cwd"
: >"$tmp/to_here"
: >"$tmp/to_told"

# commands_of FILE [SECTION]: of the literal blocks, those of one section: N.command and, where
# output follows, N.sample. Prints how many.
commands_of() {
	rm -f "$tmp"/*.command "$tmp"/*.sample
	awk -v dir="$tmp" -v section="${2:-}" '
		/^[=-]+$/ { inside = !section || last == section }
		{ last = $0 }
		/^[^\t]/ { literal = /::$/; n = "" }
		!inside { next }
		literal && /^\t# / { print substr($0, 4) >(dir "/" (n = ++commands) ".command"); next }
		literal && n && /[^\t]/ { print substr($0, 2) >(dir "/" n ".sample") }
		END { print commands + 0 }' "$1"
}

number_of() {
	awk -v name="$1" '$2 == name { print $1 }' /sys/kernel/debug/kvm_hcx/handlers
}

# vm PID RING NAME [ARGUMENT...]: the document's VM of that process, which calls that handler.
vm() {
	vm_told=$1
	vm_ring=$2
	vm_nr=$(number_of "$3")
	shift 3
	./vmm "$vm_ring" "$vm_nr" "$@" &
	here="$here $!"
	echo "s/\\<$vm_told\\>/$!/g" >>"$tmp/to_here"
	echo "s/\\<$!\\>/$vm_told/g" >>"$tmp/to_told"
}

# shows N: the command succeeds, with such output.
shows() {
	shows_command=$(sed -f "$tmp/to_here" "$tmp/$1.command")
	(cd "$tmp/cwd" && timeout 120 sh -c "$shows_command") >"$tmp/output" 2>&1 ||
		{ echo "status $?:"; cat "$tmp/output"; return 1; }
	sed -f "$tmp/to_told" "$tmp/output" >"$tmp/as_told"
	[ ! -e "$tmp/$1.sample" ] ||
		awk -f "$compare" -v exact="$told" "$tmp/$1.sample" "$tmp/as_told"
}

# A result for each of so many commands.
check_commands() {
	for n in $(seq "$1"); do
		check "$(cat "$tmp/$n.command")" shows "$n"
	done
}
