# SPDX-License-Identifier: GPL-2.0-or-later
# up, down, frame N
break factorial if n == 3
continue
up
info locals
up 2
print list->name
down
frame 0
frame function main
print argc
frame level 1
