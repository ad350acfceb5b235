# SPDX-License-Identifier: GPL-2.0-or-later
# condition N, then taken away again
break basics.c:122
condition 1 i == 3
continue
print i
condition 1
continue
print i
