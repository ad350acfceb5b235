# SPDX-License-Identifier: GPL-2.0-or-later
# print of scalars in many formats
print total
print wide
print/x wide
print/o wide
print/t letters[0]
print/c 65
print/d (char)200
print/a main
print single
print extended
print flag
print huge
print/x huge
print sizeof(huge)
output wide
