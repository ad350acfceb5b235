# SPDX-License-Identifier: GPL-2.0-or-later
# stepi into a handler by a breakpoint, step out to the code
# program: signals
handle SIGUSR1 nostop noprint pass
break on_usr1
continue
stepi
stepi
step
bt 2
