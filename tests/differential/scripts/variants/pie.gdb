# SPDX-License-Identifier: GPL-2.0-or-later
# a position independent program
# program: basics-pie
break factorial if n == 2
continue
bt
print &total
print total
info symbol main
finish
x/2i $pc
info source
