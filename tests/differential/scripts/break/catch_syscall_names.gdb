# SPDX-License-Identifier: GPL-2.0-or-later
# catch syscall of a name that is none
# program: basics
catch syscall no_such_call
info breakpoints
