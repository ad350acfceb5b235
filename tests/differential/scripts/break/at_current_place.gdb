# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint at the place where the program is
break multiply
continue
delete
break *$pc
continue
bt 1
