# SPDX-License-Identifier: GPL-2.0-or-later
# a condition on a register
break add if $rdi == 10
continue
print a
print b
