# SPDX-License-Identifier: GPL-2.0
# Sourced: the listings of a document, as they are written there.
# shellcheck shell=bash

# listing NAME [DOCUMENT]: to stdout, what is indented behind the text that has ``NAME`` and ends in "::".
listing() {
	local document=${2:-user-space.rst}

	awk -v name="\`\`$1\`\`" '
		/^[^\t]/ { found = found || index($0, name); on = 0 }
		/::$/ && found && !done { on = done = 1; next }
		on && (NF || lines) { lines++; sub(/^\t/, ""); print }
		END { exit !lines }' "$top/Documentation/$document" ||
		die "$document has no listing $1"
}

# build_weatherd DIR: the daemon, linked statically.
build_weatherd() {
	listing weatherd.c >"$1/weatherd.c"
	quietly "$build/log/weatherd" gcc -static -O2 -Wall -Wextra -Werror \
		-I "$top/module/include/uapi" -o "$1/weatherd" "$1/weatherd.c"
	rm "$1/weatherd.c"
}

# readme_block N: the Nth block of C in README.md.
readme_block() {
	awk -v n="$1" '/^```c$/ { on = ++block == n; next } /^```$/ { on = 0 } on' "$top/README.md"
}
