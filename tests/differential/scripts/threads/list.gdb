# SPDX-License-Identifier: GPL-2.0-or-later
# info threads, names, frames
# program: threads
break visit if who == 2
continue
python print([(t.num, t.name) for t in gdb.selected_inferior().threads()])
thread
bt
