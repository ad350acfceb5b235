# SPDX-License-Identifier: GPL-2.0-or-later
# fork: gdb stays with the parent
# program: forks fork
break parent_work
continue
bt 2
info inferiors 2
print in_child
next
finish
print steps
