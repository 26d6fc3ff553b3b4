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

need_root() {
	[ "$(id -u)" = 0 ] || die "making a root of a Debian suite, and building in it, takes root: sudo make ..."
}

# bootstrap SUITE ROOT OPTION...: makes the directory ROOT with mmdebstrap, here. After a power cut
# there is no ROOT, whether each of its files was written out or not: cached().
bootstrap() {
	local suite=$1 root=$2

	shift 2
	need_packages mmdebstrap debian-archive-keyring
	need_root
	apt_options "$suite" >apt-options
	suite_sources "$suite" >sources
	quietly "$cache/log/bootstrap-$suite-$root" nice -n 10 mmdebstrap --keyring=/usr/share/keyrings \
		--aptopt=apt-options --dpkgopt=force-unsafe-io "$@" "${suite%-backports}" "$root" sources
	rm apt-options sources
}

# fetch_source SUITE PACKAGE: the files of its source come out here. The lists of sources, which this
# machine's apt may not have, are kept out of its way.
fetch_source() {
	local own="-o Dir::State=$PWD/apt -o Dir::Cache=$PWD/apt -o Dir::Etc::SourceParts=/dev/null"

	own+=" -o Dir::Etc::SourceList=$PWD/sources.list -o Acquire::Retries=5"
	need_packages debian-archive-keyring
	suite_sources "$1" | sed 's|^deb|deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]|' \
		>sources.list
	mkdir -p apt/lists/partial apt/archives/partial
	quietly "$cache/log/source-update-$2" apt-get $own update
	quietly "$cache/log/source-$2" apt-get $own source --download-only --only-source "$2"
	rm -r apt sources.list
}

# enter HOW ROOT COMMAND...: runs it in there, with /proc. HOW is what the shell is
# to do first; $0 is ROOT, and $dir where to enter. What is built in there, as what is unpacked,
# is to leave the CPUs to nested hosts, which have to be done in time.
enter() {
	local how=$1

	shift
	need_root
	unshare --mount sh -e -c "$how"'; mount -t proc proc "$dir/proc"; exec nice -n 10 chroot "$dir" "$@"' "$@"
}

in_root() {
	enter 'dir=$0' "$@"
}

# The same in a copy that is gone afterwards.
in_copy() {
	enter 'mount -t tmpfs tmpfs /mnt; mkdir /mnt/upper /mnt/work /mnt/root; dir=/mnt/root
		mount -t overlay -o "lowerdir=$0,upperdir=/mnt/upper,workdir=/mnt/work" overlay "$dir"' "$@"
}
