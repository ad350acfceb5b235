# SPDX-License-Identifier: GPL-2.0-or-later
# more arguments than registers, floats
break add
continue
print many(1, 2, 3, 4, 5, 6, 7, 8.0)
print many(numbers[0], wide, 'c', -1, 5, 6, 7, 0.5)
print operation
print half(half(10))
