# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint of another thread during next
# program: threads
break visit if who == 0 && round == 1
continue
break visit if who == 1
next
next
next
next
next
next
next
next
