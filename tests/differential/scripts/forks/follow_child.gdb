# SPDX-License-Identifier: GPL-2.0-or-later
# fork: gdb goes with the child
# program: forks fork
set follow-fork-mode child
break child_work
continue
bt 2
next
next
print in_child
info threads
