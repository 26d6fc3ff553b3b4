# SPDX-License-Identifier: GPL-2.0
# The picture of ./plot, from its files: all of it above, one marker below.
set terminal svg size 900,400 font 'sans,11' background 'white' noenhanced
set output picture
set style fill solid 0.85 noborder
set style arrow 1 nohead lc rgb '#d03030' lw 1
set border 1
set tics nomirror
set key off
set lmargin at screen 0.17
set rmargin at screen 0.975
unset mouse

guest = '#2060a0'
host = '#508040'
line(n) = dir . '/' . n
# A label that does not fit would hide its neighbour's.
stats line('markers') using 1 name 'all' nooutput
fits(from, to) = to - from > 0.06 * (all_max - all_min) ? (from + to) / 2 : NaN
near(t) = t > said - (to - said) && t < to + (to - said) ? t : NaN

set multiplot
set title 'A guest and its host on one time axis: markers, and what happens between them' offset 0,-0.6
set tmargin at screen 0.93
set bmargin at screen 0.60
set yrange [0.4:5.6]
set ytics ('host: kvm_exit' 1, 'host: hcx_marker' 2, 'guest: trace_marker' 3, \
	'guest: sched_switch' 4, 'guest: at work' 5) scale 0
set xtics format '%.0f'
set autoscale xfix
plot line('steps') using 1:(5):1:2:(4.65):(5.35) with boxxyerror lc rgb '#b0c8e8', \
	line('steps') using (fits($1, $2)):(5):3 with labels font ',9', \
	line('switches') using 1:(4) with points pt 7 ps 0.25 lc rgb guest, \
	line('others') using 1:(1) with points pt 7 ps 0.25 lc rgb host, \
	line('markers') using 1:(3):($2 - $1):(-1) with vectors arrowstyle 1, \
	line('markers') using 1:(3) with points pt 7 ps 0.5 lc rgb guest, \
	line('markers') using 2:(2) with points pt 7 ps 0.5 lc rgb host

set title 'The shortest of these calls: the guest writes the marker to its own trace, and calls the host' offset 0,-0.6
set tmargin at screen 0.46
set bmargin at screen 0.13
set xlabel 'microseconds since the first event, by the TSC of the host' offset 0,0.4
set xrange [said - (to - said) * 0.1:to + (to - said) * 0.1]
set yrange [0.4:4.6]
set ytics ('host: exit to entry' 1, 'host: hcx_marker' 2, 'guest: trace_marker' 3, \
	'guest: ioctl' 4)
plot line('calls') using (near($1)):(4):1:2:(3.7):(4.3) with boxxyerror lc rgb '#b0c8e8', \
	line('exits') using (near($1)):(1):1:2:(0.7):(1.3) with boxxyerror lc rgb '#b8d8a8', \
	line('markers') using (near($1)):(3):($2 - $1):(-1) with vectors arrowstyle 1, \
	line('markers') using (near($1)):(3) with points pt 7 ps 0.7 lc rgb guest, \
	line('markers') using (near($2)):(2) with points pt 7 ps 0.7 lc rgb host
unset multiplot
