# SPDX-License-Identifier: GPL-2.0-or-later
# step N and next N
break basics.c:213
continue
next 3
step 2
bt 1
