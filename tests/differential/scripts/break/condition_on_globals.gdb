# SPDX-License-Identifier: GPL-2.0-or-later
# a condition on globals and locals
break basics.c:122 if i == 7 && total > 20
continue
print i
print total
print sum
