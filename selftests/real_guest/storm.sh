# SPDX-License-Identifier: GPL-2.0
# Sourced in the nested host, after guest.sh: a guest (storm.c) that QEMU saves and
# restores.
# shellcheck shell=sh disable=SC3043,SC3045 # busybox's shell has local and read -t

fixed=0x4b480000	# As in storm.c.
blocks=340		# As in storm.c, of both vCPUs.

open_qmp() {
	mkfifo qmp.in qmp.out
	exec 3<>qmp.in 4<>qmp.out
}

# start_guest OPTION...: a QEMU in the background. The guest's output goes on in guest.log
# where that of its last QEMU ended.
start_guest() {
	boot_guest '' 'hcx=storm hugepages=2' -smp 2 \
		-chardev pipe,id=qmp,path=qmp -mon chardev=qmp,mode=control \
		"$@" >>guest.log &
	pid=$!
	qmp qmp_capabilities >/dev/null
}

# qmp COMMAND [ARGUMENTS]: prints what QEMU returns. Its standard output may be a
# variable's.
qmp() {
	local line

	echo "{\"execute\": \"$1\", \"arguments\": {${2:-}}}" >&3
	while read -r -t 60 line <&4; do
		case $line in
		*'{"return": '*)
			echo "$line"
			return 0
			;;
		*'{"error": '*) break ;;
		esac
	done
	{
		echo "# QEMU's answer to $1: ${line:-none}"
		sed 's/^/# /' guest.log
	} >&2
	return 1
}

# result_of DESCRIPTION COMMAND...
result_of() {
	local what=$1 status=0

	shift
	"$@" || status=$?
	result $status "$what"
}

# until_true SECONDS COMMAND...: repeats COMMAND until it succeeds.
until_true() {
	local end=$(($(date +%s) + $1))

	shift
	until "$@"; do
		[ "$(date +%s)" -lt $end ] || {
			echo "# not within its time: $*"
			return 1
		}
		usleep 100000
	done
}

# both_say LINE: each of the vCPUs has.
both_say() {
	grep -q -x "storm: vCPU 0: $1" guest.log && grep -q -x "storm: vCPU 1: $1" guest.log
}

# calls_reach COUNT
calls_reach() {
	[ "$(calls_of fill)" -ge "$1" ]
}

# ring3_gets ANSWER: the last one of the fixed number.
ring3_gets() {
	[ "$(sed -n 's/^storm: ring 3: the fixed number answers //p' guest.log | tail -n 1)" = "$1" ]
}

# Each of the guest's three threads has seen that there is no core.
goes_on_without() {
	both_say 'has gone on without fill' && ring3_gets -1
}

# finds_again COUNT: and that there is one.
finds_again() {
	calls_reach "$1" && ring3_gets 7
}

# migrate_to FILE
migrate_to() {
	qmp migrate "\"uri\": \"exec:cat >$1\"" >/dev/null
}

# The guest has stopped by now, and its state is in the file.
end_qemu() {
	qmp quit >/dev/null
	wait $pid || true
}

# restore_from FILE
restore_from() {
	start_guest -incoming "exec:cat $1"
}

# The disk of the nested host takes a saved guest from one to another.
load_disk() {
	modprobe -a virtio_pci virtio_blk
	[ -b /dev/vda ] || die 'there is no disk'
}

load_modules() {
	modprobe -a kvm_hcx hcx_test || die 'the modules cannot be loaded'
}

register_handlers() {
	register fill 0 fill 0
	register fixed 1 value 7 $fixed
}

# A host on which fill gets another number than before.
load_elsewhere() {
	load_modules
	register another 0 value 0
	register_handlers
}

end() {
	local status=0

	register stop 0 value 0
	wait $pid || status=$?
	equal $status 0 'the guest ends'
	sed 's/^/# /' guest.log
}

same() {
	diff "$1" "$2" | sed 's/^/# /'
}

# said VCPU FIRST: all that a vCPU's thread says, in order; FIRST is fill's first number,
# or nothing where the guest has told that elsewhere.
said() {
	sed -n "s/^storm: vCPU $1: //p" guest.log >said
	{
		[ -z "$2" ] || echo "fill is $2"
		echo 'fill answers -1000'
		echo 'has gone on without fill'
		echo "fill is $(number_of fill)"
		echo '0 words were wrong'
		echo "$(writes_of "$1") writes"
	} >expected
	result_of "vCPU $1: -KVM_ENOSYS without kvm-hcx, and every byte is right" \
		same expected said
}

# writes_of VCPU: as many as the guest counted.
writes_of() {
	sed -n "s/^storm: vCPU $1: \([0-9]*\) writes/\1/p" guest.log
}

# check_said FIRST ANSWERS: as said(); and what ring 3 got from the fixed number.
check_said() {
	said 0 "$1"
	said 1 "$1"
	result $(($(number_of fill) == first_nr)) 'the number of fill was another'
	equal "$(sed -n 's/^storm: ring 3: the fixed number answers //p' guest.log | xargs)" "$2" \
		'a number that the host does not allot stays'
	equal $(($(writes_of 0) + $(writes_of 1))) $((first_calls + $(calls_of fill))) \
		'no call is lost and none made twice'
	says 'storm: 0 registers were changed' 'no register is changed'
	says 'storm: the clock went backwards 0 times' "the guest's clock does not go backwards"
	says 'guest: hcx_guest is unloaded' 'hcx_guest.ko can be unloaded'
	says 'guest: no failure in the kernel log' 'no failure in its kernel log'
}

