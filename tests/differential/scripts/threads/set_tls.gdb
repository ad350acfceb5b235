# SPDX-License-Identifier: GPL-2.0-or-later
# a thread-local variable is set
# program: threads
break visit if who == 1 && round == 2
continue
print mine
set var mine = 5
next
next
print mine
thread 1
print mine
