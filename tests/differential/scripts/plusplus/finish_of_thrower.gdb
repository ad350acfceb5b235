# SPDX-License-Identifier: GPL-2.0-or-later
# finish out of a function that throws
# program: plusplus
break catcher if a > 2
continue
next
next
next
print r
