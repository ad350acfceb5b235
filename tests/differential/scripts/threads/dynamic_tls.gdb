# SPDX-License-Identifier: GPL-2.0-or-later
# thread-local variables of a dynamic program
# program: threads-dynamic
break visit if who == 1 && round == 1
continue
print mine
print label
next
next
print mine
thread apply 2.1 -q print mine
