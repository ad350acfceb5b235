# SPDX-License-Identifier: GPL-2.0-or-later
# print of structs
print square
print triangle
print/x triangle
print triangle.next->corner[1]
print *triangle.next
print &triangle.weight
print square.small
print square.large
set print pretty on
print triangle
ptype struct shape
whatis square.corner
ptype /o struct shape
