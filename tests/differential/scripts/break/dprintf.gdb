# SPDX-License-Identifier: GPL-2.0-or-later
# dprintf in gdb's own style
dprintf add,"add %d and %d\n", a, b
dprintf basics.c:122,"round %d: %d\n", i, sum
condition 2 i % 10 == 0
break finish_line
continue
info breakpoints
