# SPDX-License-Identifier: GPL-2.0-or-later
# fork, the child is followed: it begins behind the call, which is no return
# program: forks fork
set follow-fork-mode child
catch syscall clone exit_group
continue
continue
print steps
print $rdi
continue
print $_exitcode
