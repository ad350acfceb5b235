# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint survives an exec
# program: forks exec
break again
continue
bt
print steps
finish
