# SPDX-License-Identifier: GPL-2.0-or-later
# step until the program has ended
break finish_line
continue
next
next
next
next
next
continue
