# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint at an address, that of a label in assembly
break *planted_here
continue
x/3i $pc
info symbol $pc
