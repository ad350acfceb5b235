# SPDX-License-Identifier: GPL-2.0-or-later
# a call that faults is taken back
break add
continue
set unwindonsignal on
print length_of((char *)8)
bt
set unwindonsignal off
print name_of(0)
