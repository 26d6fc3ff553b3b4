# SPDX-License-Identifier: GPL-2.0
# Sourced by every script of the harness: where things are, and how it speaks.
# shellcheck shell=bash
set -euo pipefail
shopt -s inherit_errexit

selftests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
top=$(dirname "$selftests")
cache=${HCX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvm-hcx}
build=$top/.build

say() {
	printf 'hcx: %s\n' "$*" >&2
}

die() {
	say "$@"
	exit 1
}

# For a host test: nothing of it can run here.
skip_all() {
	echo "1..0 # SKIP $*"
	exit 4
}

# Run a command with its output in a log file that is shown if it fails.
quietly() {
	local log=$1

	shift
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null || {
		tail -n 40 "$log" >&2
		die "failed: $*; all its output is in $log"
	}
}

# limited SECONDS COMMAND...: status 124 if it took longer. Where COMMAND does not end when
# it is asked to, and so is killed, timeout(1) has another: 137, as if somebody else had.
limited() {
	local seconds=$1 start=$SECONDS status=0

	shift
	timeout --foreground -k 5 "$seconds" "$@" || status=$?
	[ $status != 137 ] || [ $((SECONDS - start)) -lt "$seconds" ] || status=124
	return $status
}

# cached DIR COMMAND...: DIR exists afterwards, made by COMMAND in an empty
# directory that takes the name DIR only when it is whole.
cached() {
	local dir=$1 new

	shift
	[ ! -d "$dir" ] || return 0
	mkdir -p "$(dirname "$dir")"
	exec 9>"$dir.lock"
	flock 9
	if [ ! -d "$dir" ]; then
		new=$(mktemp -d "$dir.new.XXXXXX")
		(cd "$new" && "$@") || {
			rm -rf "$new"
			die "failed, nothing of it is kept: $*"
		}
		chmod 755 "$new"
		mv "$new" "$dir"
	fi
	exec 9>&-
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of() {
	local package

	for package; do
		installed "$package" || echo "$package"
	done
}

# Install the Debian packages that are missing, or say how.
need_packages() {
	local missing

	command -v dpkg-query >/dev/null ||
		die "this needs Debian (or a chroot of it) and its packages $*"
	missing=$(missing_of "$@")
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] ||
		die "missing packages; run: sudo apt-get install --no-install-recommends" $missing

	mkdir -p "$cache"
	exec 7>"$cache/apt.lock"
	flock 7
	missing=$(missing_of "$@")
	[ -z "$missing" ] || install_packages $missing
	exec 7>&-
}

install_packages() {
	say "installing $*"
	quietly "$cache/log/apt-update" apt-get -o Acquire::Retries=5 update
	quietly "$cache/log/apt-install" env DEBIAN_FRONTEND=noninteractive \
		apt-get -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 \
		install -y --no-install-recommends "$@"
}
