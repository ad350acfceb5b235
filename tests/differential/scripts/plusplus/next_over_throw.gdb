# SPDX-License-Identifier: GPL-2.0-or-later
# next over a throw arrives in the handler
# program: plusplus
break thrower if a > 2
continue
next
next
next
bt
