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

# Install the Debian packages that are missing, or say how.
need_packages() {
	local package missing=()

	command -v dpkg-query >/dev/null ||
		die "this needs Debian (or a chroot of it) and its packages $*"
	for package; do
		installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] ||
		die "missing packages; run: sudo apt-get install --no-install-recommends ${missing[*]}"

	say "installing ${missing[*]}"
	quietly "$cache/log/apt-update" apt-get -o Acquire::Retries=5 update
	quietly "$cache/log/apt-install" env DEBIAN_FRONTEND=noninteractive \
		apt-get -o Acquire::Retries=5 install -y --no-install-recommends "${missing[@]}"
}
