# SPDX-License-Identifier: GPL-2.0-or-later
# one handler in the other, on a stack of its own
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
break on_usr1 if nested
continue
set print frame-arguments none
bt
print nested
finish
