# SPDX-License-Identifier: GPL-2.0-or-later
# x in many formats
x/4xw numbers
x/2dw numbers
x/8xb letters
x/2xg &square
x/3c letters
x/2f &square.weight
x/2i add
x/a &triangle.next
x/4dh numbers
x/2tb letters
x
