# SPDX-License-Identifier: GPL-2.0-or-later
# next goes over calls
break basics.c:213
continue
next
next
next
next
print r
