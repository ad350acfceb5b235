# SPDX-License-Identifier: GPL-2.0-or-later
# a 32-bit program: registers, frames, data
# program: basics-32
# bits: 32
break factorial if n == 2
continue
bt
info registers eip esp ebp cs
print sizeof(long)
print triangle
finish
next
