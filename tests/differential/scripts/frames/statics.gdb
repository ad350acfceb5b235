# SPDX-License-Identifier: GPL-2.0-or-later
# static variables of a function and of a file
break last
continue
continue
next
print calls
print last::calls
print hidden
print 'basics.c'::hidden
