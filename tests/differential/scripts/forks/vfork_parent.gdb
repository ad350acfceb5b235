# SPDX-License-Identifier: GPL-2.0-or-later
# vfork: breakpoints of the parent hold afterwards
# program: forks vfork
break parent_work
continue
print status
bt 2
