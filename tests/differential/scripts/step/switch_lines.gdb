# SPDX-License-Identifier: GPL-2.0-or-later
# step by step through a switch and a goto
break classify if n < 0
continue
next
next
next
next
