# SPDX-License-Identifier: GPL-2.0-or-later
# displays
break basics.c:122
continue
display i
display/x sum
continue
continue
info display
undisplay 1
continue
