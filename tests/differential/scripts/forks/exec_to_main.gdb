# SPDX-License-Identifier: GPL-2.0-or-later
# main of the program that exec starts
# program: forks exec
tbreak main
continue
info args
print argv[1]
next
next
bt
