# SPDX-License-Identifier: GPL-2.0-or-later
# finish out of a thread's function
# program: threads
break visit if who == 0 && round == 3
continue
delete
up
break all_ended
continue
thread
print ended
