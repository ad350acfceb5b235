# SPDX-License-Identifier: GPL-2.0-or-later
# threads of a dynamic program
# program: threads-dynamic
break visit if who == 2 && round == 3
continue
bt 2
thread
print calls
