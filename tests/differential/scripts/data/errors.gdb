# SPDX-License-Identifier: GPL-2.0-or-later
# what cannot be read says so
print *(int *)0
x/x 0
print not_there
print square.nothing
x/s 1
print *(int *)0x7ffffffff000
print 1/0
