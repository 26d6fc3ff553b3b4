# SPDX-License-Identifier: GPL-2.0
# Sourced: root directories of Debian's suites, made by mmdebstrap.
# shellcheck shell=bash

# The machine's own package archive.
debian_mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' |
		sed -n 1p | grep . || die "no Debian package archive among this machine's apt sources"
}

# How it wants to be asked.
apt_options() {
	apt-config dump |
		grep -E '^Acquire::(Check-Valid-Until|Check-Date|https?::.*Proxy) ' || true
	echo 'Acquire::Retries "5";'
	echo 'APT::Install-Recommends "false";'
	[ "$1" = "${1%-backports}" ] || echo "APT::Default-Release \"$1\";"
}

# A suite and, for backports, what they are for. No security updates: where
# those have ended, their archive lists packages that it has no more.
suite_sources() {
	local base=${1%-backports} mirror

	mirror=$(debian_mirror)
	echo "deb $mirror $base main"
	[ "$1" = "$base" ] || echo "deb $mirror $1 main"
}

# bootstrap SUITE ROOT OPTION...: makes the directory ROOT with mmdebstrap, here.
bootstrap() {
	local suite=$1 root=$2

	shift 2
	need_packages mmdebstrap debian-archive-keyring uidmap
	apt_options "$suite" >apt-options
	suite_sources "$suite" >sources
	quietly "$cache/log/bootstrap-$suite-$root" mmdebstrap --keyring=/usr/share/keyrings \
		--aptopt=apt-options "$@" "${suite%-backports}" "$root" sources
	rm apt-options sources
}

# in_root ROOT COMMAND...: runs it in there, with /proc.
in_root() {
	local enter=(unshare --mount) root=$1

	shift
	[ "$(id -u)" = 0 ] || enter=(mmdebstrap --unshare-helper unshare --pid --fork --mount)
	"${enter[@]}" sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" "$@"
}
