# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint of one thread
# program: threads
break all_started
continue
break visit thread 3
info breakpoints
continue
print who
continue
print round
info breakpoints
