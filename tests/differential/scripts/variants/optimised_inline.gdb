# SPDX-License-Identifier: GPL-2.0-or-later
# inlined functions have frames
# program: optimised
break inner
continue
bt
info frame
up
info locals
finish
