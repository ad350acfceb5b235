# SPDX-License-Identifier: GPL-2.0-or-later
# step into a function and out of it again
break basics.c:213
continue
step
step
step
step
step
bt
