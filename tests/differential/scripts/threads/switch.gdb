# SPDX-License-Identifier: GPL-2.0-or-later
# thread N, frames of other threads
# program: threads
break visit if who == 1
continue
thread 1
frame function main
print sum
info locals
thread 3
print who
finish
