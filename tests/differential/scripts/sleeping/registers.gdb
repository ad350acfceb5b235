# SPDX-License-Identifier: GPL-2.0-or-later
# registers of a thread that waits in the kernel
# program: sleeping
# go: no
print $orig_rax
print $rax
print $cs
print $ss
print $eflags
x/i $pc
print $rcx == $pc
frame function main
print local
print $pc
