# SPDX-License-Identifier: GPL-2.0-or-later
# a condition that calls a function of the program
break loop if half(5.0) == 2.5
continue
bt
info breakpoints
