# SPDX-License-Identifier: GPL-2.0-or-later
# memory is written in all widths
# program: basics
set {char}&letters[2] = 'Q'
set {short}&letters[4] = 0x4142
set {int}&numbers[1] = 0x01020304
set {long}&wide = -2
set {double}&square.weight = 0.5
print letters
print numbers
print wide
print square.weight
print square.name = "renamed"
print square.name
print square.corner[0] = square.corner[2]
