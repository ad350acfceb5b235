# SPDX-License-Identifier: GPL-2.0-or-later
# next in one thread while others run
# program: threads
break quiet if who == 1
continue
delete
next
next
print who
bt
