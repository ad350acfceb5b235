# SPDX-License-Identifier: GPL-2.0-or-later
# pointers, functions, casts
break basics.c:217
continue
print operation
print *operation
print operation(6, 7)
print &add
print list
print *list
print *list->next
print (long)list
print/x (short)wide
print list == &triangle
