# SPDX-License-Identifier: GPL-2.0-or-later
# all of them, one after the other
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
catch syscall
continue
print $orig_rax
print $rax
continue
continue
continue
continue
continue
info breakpoints
