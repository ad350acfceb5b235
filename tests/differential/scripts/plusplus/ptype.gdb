# SPDX-License-Identifier: GPL-2.0-or-later
# types of classes
# program: plusplus
ptype figures::Square
ptype figures::Figure
whatis figures::Figure::made
info line figures::Square::area
list catcher
info vtbl figure
break catcher
continue
up
info vtbl figure
