# SPDX-License-Identifier: GPL-2.0-or-later
# functions that take and return structs, strings
break multiply
continue
print mirror(square.corner[1])
print mirror(square.corner[3]).x
print fill(7)
print fill(7).value[2]
print name_of(&square)
print length_of("made by gdb")
print length_of(letters)
print $_strlen("abc")
