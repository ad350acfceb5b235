# SPDX-License-Identifier: GPL-2.0-or-later
# until and advance in optimised code
# program: optimised
break spread
continue
until
until
until
advance optimised.c:62
bt
