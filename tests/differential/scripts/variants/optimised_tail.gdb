# SPDX-License-Identifier: GPL-2.0-or-later
# a tail call
# program: optimised
break target
continue
bt
finish
