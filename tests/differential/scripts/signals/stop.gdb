# SPDX-License-Identifier: GPL-2.0-or-later
# a signal that natively stops: gdb gets it before the program
# program: signals
break on_usr1
continue
bt 1
print handled
