# SPDX-License-Identifier: GPL-2.0-or-later
# catch fork
# program: forks fork
catch fork
continue
bt -2
info breakpoints
tbreak parent_work
continue
bt 1
