# SPDX-License-Identifier: GPL-2.0-or-later
# return without a value
break finish_line
continue
return
next
print total
