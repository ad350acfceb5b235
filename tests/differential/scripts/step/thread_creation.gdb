# SPDX-License-Identifier: GPL-2.0-or-later
# next over pthread_create
# program: threads
break threads.c:76
continue
next
next
next
next
print sum
