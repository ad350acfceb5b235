# SPDX-License-Identifier: GPL-2.0-or-later
# steps over system calls
# program: forks fork
break do_fork
continue
next
next
next
next
print steps
