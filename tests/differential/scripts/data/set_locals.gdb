# SPDX-License-Identifier: GPL-2.0-or-later
# set var of locals and arguments changes what the program does
break add
continue
set var a = 40
next
print sum
finish
next
print r
