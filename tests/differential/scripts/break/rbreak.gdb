# SPDX-License-Identifier: GPL-2.0-or-later
# rbreak by a regular expression
rbreak ^basics.c:(add|half)$
rbreak ^multiply$
continue
continue
info breakpoints
