# SPDX-License-Identifier: GPL-2.0-or-later
# a handler of SIGSEGV that jumps out
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
break on_segv
continue
bt
print faults
print info->si_signo
print info->_sifields._sigfault.si_addr
tbreak signals.c:91
continue
print r
