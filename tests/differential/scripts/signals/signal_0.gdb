# SPDX-License-Identifier: GPL-2.0-or-later
# signal 0 takes a signal away
# program: signals
break plain
continue
next
continue
signal 0
