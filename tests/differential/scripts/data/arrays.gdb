# SPDX-License-Identifier: GPL-2.0-or-later
# print of arrays, slices, repeats
print numbers
print numbers[2]@4
print matrix
print matrix[1]
print &matrix[1][2]
print *&matrix[2][0]@3
print/x numbers
set print elements 3
print numbers
print letters
set print repeats 2
set print array on
print matrix
print sizeof(matrix)/sizeof(matrix[0])
