# SPDX-License-Identifier: GPL-2.0-or-later
# ignore counts
break basics.c:122
ignore 1 6
continue
print i
info breakpoints
