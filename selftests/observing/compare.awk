# SPDX-License-Identifier: GPL-2.0
# awk -f compare.awk -v exact="N..." SAMPLE OUTPUT: whether OUTPUT is such as SAMPLE. Each
# line of SAMPLE has one like it in OUTPUT; and, unless SAMPLE has a line "...", each of
# OUTPUT one in SAMPLE. Lines are alike word by word. A number, with the brackets or the
# full stop of a tool around it, may be another one: where it is 0 or 1, 0 or 1, and where it
# is more, anything but 0. Those in EXACT may not.

function normal(line) {
	gsub(/\|@* *\|/, "|@|", line)		# the bar of a histogram
	gsub(/ns=/, "ns= ", line)
	gsub(/\//, " / ", line)			# COMMAND/PID
	gsub(/[ \t]+/, " ", line)
	return line
}

function bare(word) {
	sub(/^[[(]+/, "", word)
	sub(/[]),:]+$/, "", word)
	return word
}

function is_number(word) {
	return word ~ /^[0-9]+([.][0-9]+)?[KMG]?$/
}

# What trace-cmd and the kernel show of the context: "d.h1.", for instance.
function is_context(word) {
	return word ~ /^[.#a-zA-Z0-9][.#a-zA-Z0-9][.#a-zA-Z0-9][.#a-zA-Z0-9][.#a-zA-Z0-9]$/ &&
		word ~ /[.]/
}

function alike_words(want, got) {
	if (want == got)
		return 1
	want = bare(want)
	got = bare(got)
	if (!is_number(want) || !is_number(got))
		return is_context(want) && is_context(got)
	if (want in fixed)
		return 0
	if (want got ~ /[.KMG]/)
		return 1
	return want > 1 ? got > 0 : got < 2
}

function alike(want, got,	i, n, wanted, words) {
	if (want == got)
		return 1
	n = split(want, wanted, " ")
	if (split(got, words, " ") != n)
		return 0
	for (i = 1; i <= n; i++)
		if (!alike_words(wanted[i], words[i]))
			return 0
	return 1
}

BEGIN {
	n = split(exact, list, " ")
	for (i = 1; i <= n; i++)
		fixed[list[i]] = 1
}

/^[ \t]*$/ { next }
FNR == NR && /^[ \t]*[.][.][.]$/ { partly = 1; next }
FNR == NR { sample[++samples] = normal($0); next }
{
	line = normal($0)
	known = partly
	for (i = 1; i <= samples; i++)
		if (alike(sample[i], line))
			known = found[i] = 1
	if (!known && !bad++)
		print "not in the document: " $0
}

END {
	for (i = 1; i <= samples; i++)
		if (!(i in found)) {
			print "in the document only: " sample[i]
			bad++
		}
	exit bad > 0
}
