# SPDX-License-Identifier: GPL-2.0-or-later
# symbols and places in libraries
# program: libraries
break compare
continue
info symbol qsort
info line qsort
x/2i qsort
print qsort
info address environ
print &compare
