# SPDX-License-Identifier: GPL-2.0-or-later
# out of the handler, back into the program
# program: signals
handle SIGUSR1 nostop noprint pass
handle SIGUSR2 nostop noprint pass
handle SIGSEGV nostop noprint pass
break work
continue
finish
finish
next
next
bt 1
