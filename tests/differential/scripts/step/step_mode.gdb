# SPDX-License-Identifier: GPL-2.0-or-later
# step stops in functions without lines if asked to
set step-mode off
break basics.c:226
continue
step
next
print copy
