# SPDX-License-Identifier: GPL-2.0-or-later
# at the entry another call is put in its place
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
catch syscall tgkill
continue
set var $orig_rax = 24
continue
print $rax
print handled
