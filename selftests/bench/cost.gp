# SPDX-License-Identifier: GPL-2.0
# The chart of make cost, from "CASE FIGURE..." rows; the first tells what each column is.
set terminal svg size 900,440 font 'sans,11' background 'white' noenhanced
set output picture
set datafile separator "\t"
set datafile missing '?'
set title 'Instructions per hypercall over the in-tree null call, counted under QEMU TCG and Bochs'
set ylabel 'added instructions (logarithmic)'
set logscale y
set yrange [1:*]
set grid ytics lc rgb '#d0d0d0'
set style data histograms
set style histogram clustered gap 1.5
set style fill solid 0.9 noborder
set border 3
set tics nomirror
set key outside right top
plot for [i=2:columns] rows using i:xtic(1) title columnheader(i)
