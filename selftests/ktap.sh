# SPDX-License-Identifier: GPL-2.0
# Sourced by the shell tests: results in KTAP, by the status of commands.
# shellcheck shell=sh

ktap_results=0
ktap_failed=0
tmp=$(mktemp -d)

# skip REASON: nothing of this test can run here. In place of plan.
skip() {
	echo 'TAP version 13'
	echo "1..0 # SKIP $*"
	exit 4
}

# plan N: so many results follow.
plan() {
	ktap_planned=$1
	echo 'TAP version 13'
	echo "1..$1"
}

# check TEXT COMMAND...: one result; what the command says is shown if it fails.
check() {
	ktap_text=$1
	shift
	ktap_results=$((ktap_results + 1))
	if "$@" >"$tmp/said" 2>&1; then
		echo "ok $ktap_results - $ktap_text"
	else
		sed 's/^/# /' "$tmp/said"
		echo "not ok $ktap_results - $ktap_text"
		ktap_failed=$((ktap_failed + 1))
	fi
}

# skips N REASON: so many results that cannot be had here.
skips() {
	ktap_last=$((ktap_results + $1))
	shift
	while [ $ktap_results -lt $ktap_last ]; do
		ktap_results=$((ktap_results + 1))
		echo "ok $ktap_results # SKIP $*"
	done
}

# Ends the test.
finish() {
	[ $ktap_results -eq "$ktap_planned" ] || echo "# $ktap_results results, not $ktap_planned"
	[ $ktap_results -eq "$ktap_planned" ] && [ $ktap_failed -eq 0 ]
	exit
}

# equal GOT WANT
equal() {
	[ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }
}

# fails COMMAND...
fails() {
	! "$@" || { echo "succeeded: $*"; return 1; }
}

# soon COMMAND...: it succeeds within a minute.
soon() {
	ktap_tries=600
	until "$@"; do
		ktap_tries=$((ktap_tries - 1))
		[ $ktap_tries -gt 0 ] || { echo "not within a minute: $*"; return 1; }
		sleep 0.1
	done
}
