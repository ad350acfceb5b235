# SPDX-License-Identifier: GPL-2.0-or-later
# lines of assembly, nexti
break planted
continue
next
next
x/i $pc
