# SPDX-License-Identifier: GPL-2.0-or-later
# a place that is not there
set breakpoint pending off
break not_there
set breakpoint pending on
break not_there_either
info breakpoints
break add
continue
