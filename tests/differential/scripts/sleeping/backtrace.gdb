# SPDX-License-Identifier: GPL-2.0-or-later
# it was in the kernel when gdb came
# program: sleeping
# go: no
bt
frame function wait_long
info locals
info args
up
info locals
print woken
