# SPDX-License-Identifier: GPL-2.0-or-later
# a call that faults stays where it is
break add
continue
print length_of((char *)8)
bt
info frame
