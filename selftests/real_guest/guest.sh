# SPDX-License-Identifier: GPL-2.0
# Sourced in the nested host: a guest, and results of what it says.
# shellcheck shell=sh disable=SC3040,SC3043 # busybox's shell has pipefail and local
set -euo pipefail
. ./boot.sh

hcx_test=/sys/kernel/debug/hcx_test
count=0 failed=0

die() {
	echo "Bail out! $*"
	exit 1
}

# result STATUS DESCRIPTION: one result; status 0 is a good one.
result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
	fi
}

# says LINE DESCRIPTION: one result, whether the guest's output has that line.
says() {
	if grep -q -x -F "$1" guest.log; then
		result 0 "$2"
	else
		echo "# the guest does not say: $1"
		result 1 "$2"
	fi
}

# register NAME FLAGS KIND VALUE [NUMBER]: as hcx_test.c describes them.
register() {
	echo "register $1 ${5:-0xffffffff} $2 $3 $4" >$hcx_test/control ||
		die "hcx_test cannot register $1"
}

# number_of NAME, calls_of NAME: the host's word on a handler.
number_of() {
	awk -v name="$1" '$1 == name { print $2 }' $hcx_test/numbers
}

calls_of() {
	awk -v name="$1" '$1 == name { print $3 }' $hcx_test/numbers
}

# equal GOT WANT DESCRIPTION
equal() {
	local status=0

	[ "$1" = "$2" ] || status=1
	[ $status = 0 ] || echo "# got $1, not $2"
	result $status "$3"
}
