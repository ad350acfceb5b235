# SPDX-License-Identifier: GPL-2.0-or-later
# a group, a condition, an ignored hit
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
catch syscall group:signal
condition 1 $orig_rax == 234 && $rdx == 12
continue
print nested
print $rdx
info breakpoints
