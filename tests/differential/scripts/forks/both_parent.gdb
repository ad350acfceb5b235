# SPDX-License-Identifier: GPL-2.0-or-later
# fork: both are held, gdb goes on in the parent
# program: forks fork
set detach-on-fork off
break parent_work
continue
bt 1
info inferiors 2
print in_child
inferior 3
print in_child
