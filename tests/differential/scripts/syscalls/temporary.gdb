# SPDX-License-Identifier: GPL-2.0-or-later
# tcatch, and a breakpoint beside
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
tcatch syscall tgkill
break on_usr1
continue
info breakpoints
continue
bt 1
