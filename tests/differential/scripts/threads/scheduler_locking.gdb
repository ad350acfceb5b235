# SPDX-License-Identifier: GPL-2.0-or-later
# scheduler-locking: the others stand still
# program: threads
break visit if who == 1
continue
set scheduler-locking on
next
next
print calls
set scheduler-locking off
delete
break all_ended
continue
print calls
