# SPDX-License-Identifier: GPL-2.0-or-later
# methods are called
# program: plusplus
break thrower
continue
up 2
print square.area()
print figure->area()
print square.id()
print figures::Figure::made
print numbers.size()
print square
