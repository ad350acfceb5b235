# SPDX-License-Identifier: GPL-2.0-or-later
# a handler runs before the call that raises its signal is back
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
catch syscall tgkill rt_sigreturn
continue
print $rdx
continue
bt 1
continue
print handled
continue
bt 1
print handled
