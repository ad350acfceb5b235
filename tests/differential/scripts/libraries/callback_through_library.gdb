# SPDX-License-Identifier: GPL-2.0-or-later
# main, library, main again
# program: libraries
break from_library
continue
bt
up
info locals
finish
