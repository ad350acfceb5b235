# SPDX-License-Identifier: GPL-2.0-or-later
# arithmetic and comparisons
print 1 + 2 * 3
print 7 / 2.0
print wide >> 8 & 0xff
print numbers[0] > numbers[1] && flag
print sizeof(struct shape)
print &((struct shape *)0)->weight
print $_
print $1 + 5
print total = 5
print total++
print total
print -total
print !flag
print 5 ? 6 : 7
