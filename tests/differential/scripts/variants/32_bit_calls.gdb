# SPDX-License-Identifier: GPL-2.0-or-later
# calls in a 32-bit program
# program: basics-32
# bits: 32
break loop
continue
print add(20, 22)
print factorial(5)
print half(9)
print mirror(square.corner[1])
print fill(3).value[7]
finish
