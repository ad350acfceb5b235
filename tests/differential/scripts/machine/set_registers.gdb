# SPDX-License-Identifier: GPL-2.0-or-later
# registers are written
break *planted_here
continue
set var $rax = 0x77
print $rax
print $r8 = 5
stepi
print $rax
print $r8
print $eax
print $al
set var $eax = -1
print/x $rax
set var $xmm3.v4_int32[1] = 9
print $xmm3.v4_int32
stepi
print $xmm3.v4_int32
