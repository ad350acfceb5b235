# SPDX-License-Identifier: GPL-2.0-or-later
# set var: ints, floats, chars, pointers, fields
set var total = 99
print total
set var single = 2.75
print single
set var letters[1] = 'X'
print letters
set var square.corner[2].y = -7
print square.corner
set var word.f = -1
print/x word
set var square.small = 3
print square
set var triangle.next = 0
print triangle.next
break length_of
continue
bt
print text
