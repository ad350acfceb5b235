# SPDX-License-Identifier: GPL-2.0-or-later
# $pc is changed
break basics.c:108
continue
info locals
print $pc = $pc
stepi
x/i $pc
