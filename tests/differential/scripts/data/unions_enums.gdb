# SPDX-License-Identifier: GPL-2.0-or-later
# unions and enums
print word
print/x word.byte
print word.f * 2
print square.colour
print (enum colour)5
print (enum colour)99
print BLUE
print/d BLUE
ptype union word
ptype enum colour
