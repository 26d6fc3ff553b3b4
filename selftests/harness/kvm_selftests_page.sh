# SPDX-License-Identifier: GPL-2.0
# Sourced by kvm-selftests: its page of the documentation, from the last results of each kernel
# and vendor. Lines are NAME, WITHOUT, WITH, VERDICT, REASON behind one "@ KERNEL VENDOR RELEASE MACHINE DATE".
# shellcheck shell=bash

page_head() {
	cat <<-EOF
	.. SPDX-License-Identifier: GPL-2.0
	.. Written by make kvm-selftests: do not edit.

	===================
	KVM's own selftests
	===================

	Each kernel's own KVM selftests, built from its source, in a nested host without the core and in another
	one with it, and with handlers registered: \`\`make kvm-selftests\`\` compares the results. Releases are as of
	\`\`uname -r\`\`.

	EOF
}

# kept: the results of all runs, in the order of the table of kernels.
kept() {
	local kernel vendor

	for kernel in $(kernel_names); do
		for vendor in amd intel; do
			cat "$build/kvm-selftests/$kernel-$vendor/results" 2>/dev/null || true
		done
	done
}

page_counts() {
	local rule='===========  ============================  ======  =======  ==========  =====  ========  =========  ========'

	printf '%s\n' "$rule" \
		'Kernel       Release                       Vendor  Machine  Date        Equal  Unsteady  Different  Left out' \
		"$rule"
	awk -F '\t' '
		function end() {
			if (head)
				printf "%s  %-5d  %-8d  %-9d  %d\n", head, of["equal"], of["unsteady"], of["different"], of["left out"]
			delete of
		}
		/^@/ { end(); split($0, a, " "); head = sprintf("%-11s  %-28s  %-6s  %-7s  %-10s", a[2], a[4], a[3], a[5], a[6]); next }
		{ of[$4]++ }
		END { end() }' "$work/kept"
	printf '%s\n' "$rule"
}

page_results() {
	cat <<-EOF

	Results
	=======

	What has one word here was the same in both: status, how many of the test's own results were ok, not ok
	and skipped, and whether the kernel log held a failure. *timeout*: not done after $seconds seconds. \`\`-\`\`: the kernel has
	no such test, or it was left out (see below). What fails, skips or is not done in both does so for the emulator, or for
	the kernel's configuration.

	EOF
	awk -F '\t' '
		/^@/ { split($0, a, " "); column[++n] = a[2] " " a[3]; next }
		!($1 in width) { width[$1]; name[++names] = $1; if (length($1) > widest) widest = length($1) }
		$4 == "equal" { cell = $2; sub(/^the nested host /, "host ", cell); sub(/[, ].*/, "", cell) }
		$4 != "equal" { cell = $4 }
		$4 == "left out" { cell = "-" }
		{ cells[$1, n] = cell }
		function row(text, i,	line, j) {
			line = sprintf("%-*s", widest, text)
			for (j = 1; j <= n; j++)
				line = line "  " sprintf("%-11s", i == 0 ? column[j] : i < 0 ? "===========" : (name[i], j) in cells ? cells[name[i], j] : "-")
			sub(/ +$/, "", line)
			return line
		}
		function bar(	line) {
			line = sprintf("%*s", widest, "")
			gsub(/ /, "=", line)
			print row(line, -1)
		}
		END {
			bar()
			print row("Test", 0)
			bar()
			for (i = 1; i <= names; i++)
				print row(name[i], i) | "LC_ALL=C sort"
			close("LC_ALL=C sort")
			bar()
		}' "$work/kept"
}

# What tests say of why they skip or fail in both, each once.
page_reasons() {
	printf '\nWhat they say of it\n===================\n\n'
	awk -F '\t' -v OFS='\t' '
		$4 == "equal" && $5 { sub(/[, ].*/, "", $2); print $2, $5, $1 }' "$work/kept" | LC_ALL=C sort -u |
		awk -F '\t' '
			function end() { if (NR > 1) print line "\n" }
			$1 FS $2 != last { end(); line = $1 ": ``" $2 "``\n\t" $3; last = $1 FS $2; next }
			{ line = line ", " $3 }
			END { if (NR) print line }'
}

# What had other results with the core than without it at some time, with all that it had.
page_unequal() {
	grep -q -E '(unsteady|different)$' "$work/kept" || return 0
	cat <<-EOF

	Not equal
	=========

	These were run three times in each. *unsteady*: one result at least came without the core and with it. *different*: none
	did.

	EOF
	awk -F '\t' '
		/^@/ { split($0, a, " "); next }
		$4 == "unsteady" || $4 == "different" {
			gsub("/", "; ", $2)
			gsub("/", "; ", $3)
			printf "``%s``, %s %s: %s\n\twithout: %s. With: %s.\n\n", $1, a[2], a[3], $4, $2, $3
		}' "$work/kept" | sed '$d'
}

# Each reason once.
page_left_out() {
	grep -q 'left out$' "$work/kept" || return 0
	printf '\nLeft out\n========\n\n'
	awk -F '\t' -v OFS='\t' '
		/^@/ { split($0, a, " "); next }
		$4 == "left out" { print $5, $1, a[2] " (" a[3] ")" }' "$work/kept" | LC_ALL=C sort -s -t "$(printf '\t')" -k 1,2 |
		awk -F '\t' '
			function end() { if (NR > 1) print line "\n" }
			$1 FS $2 != last { end(); line = "``" $2 "``: " $1 "\n\t" $3; last = $1 FS $2; next }
			{ line = line ", " $3 }
			END { if (NR) print line }'
}

write_page() {
	kept >"$work/kept"
	{
		page_head
		page_counts
		page_results
		page_reasons
		page_unequal
		page_left_out
	} >"$page"
	say "wrote ${page#"$top"/}"
}
