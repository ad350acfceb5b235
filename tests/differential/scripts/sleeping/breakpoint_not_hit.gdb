# SPDX-License-Identifier: GPL-2.0-or-later
# breakpoints of a process that sleeps
# program: sleeping
# go: no
break wait_long
tbreak *main
info breakpoints
delete
info breakpoints
