# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint in the function that is called
break loop
continue
break factorial if n == 1
print factorial(3)
bt
finish
continue
