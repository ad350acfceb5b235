# SPDX-License-Identifier: GPL-2.0-or-later
# by name: call and return, registers at both
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
catch syscall getpid tgkill
continue
print $orig_rax
print $rax
print $pc
continue
print $orig_rax
continue
print $rdx
info breakpoints
