# SPDX-License-Identifier: GPL-2.0-or-later
# by number, also one that has no name
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
catch syscall 234 9999
info breakpoints
continue
print $orig_rax
print $rax
bt 1
