#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# KVM's own numbers answer with the core loaded what they answer without it.
# shellcheck disable=SC1091,SC2154
. ./ktap.sh
. ./hcx_util.sh

need_core
plan 15

answers_of_kvm() {
	for nr in 0 1 2 3 4 5 6 7 8 9 10 11 12; do
		echo "$nr $(./call_once $nr 0 0 0 0)"
	done
}

answers_of_kvm >"$tmp/with"
unload_ours
answers_of_kvm >"$tmp/without"

while read -r nr answer; do
	check "$nr answers $answer as before" grep -q -x "$nr $answer" "$tmp/with"
done <"$tmp/without"
check 'KVM_HC_VAPIC_POLL_IRQ is one that answers' grep -q -x '1 0x0' "$tmp/without"
check 'KVM_HC_KICK_CPU is another' grep -q -x '5 0x0' "$tmp/without"
finish
