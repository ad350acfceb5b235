# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint in a handler, the frame of the signal
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
break on_usr1
continue
bt
up
up
