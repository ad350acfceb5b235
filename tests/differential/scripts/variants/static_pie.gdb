# SPDX-License-Identifier: GPL-2.0-or-later
# a static position independent program
# program: basics-static-pie
break loop
continue
bt
print numbers
finish
next
info line
