# SPDX-License-Identifier: GPL-2.0-or-later
# a watchpoint for one thread
# program: threads
break all_started
continue
watch calls thread 4
continue
print calls
continue
print calls
