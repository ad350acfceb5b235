# SPDX-License-Identifier: GPL-2.0-or-later
# a flag set by an instruction, one set by gdb
break *planted_here
continue
print $eflags
stepi 3
print $eflags
set var $eflags = $eflags | 1
print $eflags
info registers eflags
