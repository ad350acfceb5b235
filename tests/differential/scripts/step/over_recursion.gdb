# SPDX-License-Identifier: GPL-2.0-or-later
# next and finish over a recursion with a breakpoint in it
break factorial if n == 5
continue
next
next
bt
print $rax
