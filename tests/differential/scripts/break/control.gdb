# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint, its arguments, the way back out
# program: basics
break add
continue
bt
info args
finish
continue
bt
finish
next
info locals
