# SPDX-License-Identifier: GPL-2.0-or-later
# fork, the parent is followed
# program: forks fork
catch syscall clone wait4 exit_group
continue
print $orig_rax
continue
bt -1
continue
continue
print status
continue
continue
