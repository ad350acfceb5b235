# SPDX-License-Identifier: GPL-2.0-or-later
# functions are called with arguments
break multiply
continue
print add(3, 4)
print factorial(6)
print half(5)
call add(1, 1)
call finish_line()
print total
bt
finish
