# SPDX-License-Identifier: GPL-2.0-or-later
# one instruction at a time
break *planted_here
continue
stepi
x/i $pc
stepi
x/i $pc
print $eflags
stepi
print $eflags
