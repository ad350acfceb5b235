# SPDX-License-Identifier: GPL-2.0-or-later
# thread-local variables of each thread
# program: threads
break quiet if who == 2 && calls == 6
continue
print mine
print label
thread apply all -q print label
thread 2
print mine
up
print who
