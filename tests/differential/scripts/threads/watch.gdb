# SPDX-License-Identifier: GPL-2.0-or-later
# a watchpoint that any thread triggers
# program: threads
break all_started
continue
watch calls
continue
continue
bt 1
continue
