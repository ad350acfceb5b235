# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint in a library that is opened later
# program: libraries
set breakpoint pending on
break library_step
continue
bt
print library_calls
finish
print library_calls
