# SPDX-License-Identifier: GPL-2.0-or-later
# a variable that hides another one
break basics.c:134
continue
print inner
info locals
up
print r
