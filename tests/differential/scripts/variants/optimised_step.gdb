# SPDX-License-Identifier: GPL-2.0-or-later
# step and next through inlined code
# program: optimised
break outer
continue
step
bt
step
step
next
next
bt
