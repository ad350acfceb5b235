# SPDX-License-Identifier: GPL-2.0-or-later
# info proc of a threaded program
# program: threads
break visit if who == 2
continue
pipe info proc status | grep -E '^(Name|Threads)'
