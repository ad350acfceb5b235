# SPDX-License-Identifier: GPL-2.0-or-later
# step into a function of a library by its stub
# program: libraries
break opened
continue
next
next
step
bt 1
finish
