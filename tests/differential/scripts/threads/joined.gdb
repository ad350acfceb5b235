# SPDX-License-Identifier: GPL-2.0-or-later
# threads that have ended are gone
# program: threads
break visit if who == 2
break all_ended
continue
thread apply all -q -c print $_thread
delete 1
continue
thread
print ended
print calls
