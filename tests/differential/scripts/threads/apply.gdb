# SPDX-License-Identifier: GPL-2.0-or-later
# thread apply
# program: threads
break visit if who == 2 && round == 1
continue
thread apply 2.2 bt 1
thread apply all -q print $_thread
thread
print $_thread
thread name
thread find two
