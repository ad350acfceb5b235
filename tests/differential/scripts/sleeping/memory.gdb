# SPDX-License-Identifier: GPL-2.0-or-later
# memory of a process that sleeps
# program: sleeping
# go: no
print woken
set var woken = 12
print woken
x/2i main
print &woken
find &main, +200, (char)0xc3
