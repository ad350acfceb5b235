# SPDX-License-Identifier: GPL-2.0-or-later
# values that are in registers or nowhere
# program: optimised
break spread
continue
info args
next
next
next
info locals
print sum
print values[2]@3
