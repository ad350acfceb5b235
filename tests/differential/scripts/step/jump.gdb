# SPDX-License-Identifier: GPL-2.0-or-later
# jump goes on elsewhere
break classify
continue
break basics.c:155
jump 154
print n
bt 1
