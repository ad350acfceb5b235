# SPDX-License-Identifier: GPL-2.0-or-later
# until leaves a loop
break loop
continue
next
next
next
next
until
until
info locals
