# SPDX-License-Identifier: GPL-2.0-or-later
# fork: both are held, gdb goes on in the child
# program: forks fork
set detach-on-fork off
set follow-fork-mode child
break child_work
continue
bt 1
finish
print steps
inferior 2
print steps
bt -1
