# SPDX-License-Identifier: GPL-2.0-or-later
# a watchpoint with a condition
# program: watched
watch array[5] if array[4] == 16
continue
print array
info watchpoints
