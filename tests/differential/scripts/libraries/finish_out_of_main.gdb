# SPDX-License-Identifier: GPL-2.0-or-later
# finish out of qsort, and on to the end
# program: libraries
break compare if compared == 3
continue
up 2
tbreak opened
delete 1
continue
print values
continue
print $_exitcode
