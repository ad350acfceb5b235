# SPDX-License-Identifier: GPL-2.0-or-later
# the general registers at a planted place
break *planted_here
continue
print/x $rax
print/x $rcx
print/x $rdx
print/x $r8
print/x $r9
print $eflags
info registers rax rcx rdx r8 r9
info registers rip eflags cs ss
print $pc
print $sp == $rsp
print $fp == $rbp
