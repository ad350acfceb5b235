# SPDX-License-Identifier: GPL-2.0-or-later
# vector and floating point registers at a planted place
break *planted_here
continue
print $xmm3.v2_int64
print $xmm3.v16_int8
print/x $xmm4.v2_int64
print $xmm4.uint128
info registers mxcsr
print $mxcsr
print $st0
print $fctrl
print $fstat
