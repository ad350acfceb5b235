# SPDX-License-Identifier: GPL-2.0-or-later
# next goes over a raise and its handler
# program: signals
handle SIGUSR1 nostop noprint pass
break plain
continue
next
next
next
print handled
