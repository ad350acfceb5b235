# SPDX-License-Identifier: GPL-2.0-or-later
# arguments are changed at the entry, the result at the return
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
catch syscall tgkill
continue
set var $rdx = 0
continue
print $rax
set var $rax = -1
print handled
delete
tbreak deep
continue
print handled
