# SPDX-License-Identifier: GPL-2.0-or-later
# return leaves a function at once
break multiply
continue
return 1000
next
print r
