# SPDX-License-Identifier: GPL-2.0-or-later
# a callback out of qsort
# program: libraries
break compare
continue
bt
up
finish
