# SPDX-License-Identifier: GPL-2.0-or-later
# next runs into a breakpoint in what is called
break basics.c:214
continue
break multiply
next
bt
finish
