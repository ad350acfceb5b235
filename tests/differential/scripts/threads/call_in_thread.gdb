# SPDX-License-Identifier: GPL-2.0-or-later
# a function is called in the selected thread
# program: threads
break visit if who == 2
continue
print quiet(5)
print mine
print visit(7, 7)
print calls
print mine
