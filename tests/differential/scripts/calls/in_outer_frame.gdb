# SPDX-License-Identifier: GPL-2.0-or-later
# a call while a frame further up is selected
break factorial if n == 3
continue
up
print add(n, n)
print n
bt 2
