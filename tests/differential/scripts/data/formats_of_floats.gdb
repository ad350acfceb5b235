# SPDX-License-Identifier: GPL-2.0-or-later
# floats
print 1.0/3
print (float)1/3
print square.weight
print/f wide
print/x 1.5
print extended * 3
print single
p $_isvoid($nothing)
output/f 1.5
