# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint by line, in a loop
break basics.c:121
continue
print i
continue
print i
print sum
