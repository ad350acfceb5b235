# SPDX-License-Identifier: GPL-2.0-or-later
# registers of a 32-bit program at a planted place
# program: basics-32
# bits: 32
break *planted_here
continue
info registers eax ecx edx eflags
x/3i $pc
stepi
print $pc
stepi
stepi
print $eflags
print $eax = 7
stepi
print $eax
