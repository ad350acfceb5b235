# SPDX-License-Identifier: GPL-2.0-or-later
# frame apply
break factorial if n == 4
continue
frame apply all print $pc
frame apply 1 info args
faas print n
