# SPDX-License-Identifier: GPL-2.0
# Sourced in the nested host: prints "CASE FIGURE..." lines, for make bench and cost_test.
# shellcheck shell=sh

# A bench on hardware puts this file here; elsewhere instructions are counted.
[ ! -e cycles ] || export CYCLES=1

# cost CASE COMMAND...
cost() {
	cost_case=$1
	shift
	cost_figures=$("$@")
	echo "$cost_case $cost_figures"
}

# left_out CASE REASON
left_out() {
	echo "$1 - $2"
}

control() {
	echo "$@" >/sys/kernel/debug/hcx_test/control
}

# What the core adds, with m0 registered and the core loaded at the end.
core_cases() {
	cost in_tree_without_module ./hypercall_cost 1
	modprobe hcx_test
	cost in_tree ./hypercall_cost 1
	control many 1
	cost registered_null ./hypercall_cost m0
}
