# SPDX-License-Identifier: GPL-2.0-or-later
# a watchpoint that gdb does by itself
# program: watched
break write_plain
continue
set can-use-hw-watchpoints 0
watch plain
continue
continue
