# SPDX-License-Identifier: GPL-2.0-or-later
# the return of execve is in the new program
# program: forks exec
catch syscall execve
continue
print (char *)$rdi != 0
continue
print $rax
delete
break again
continue
bt
