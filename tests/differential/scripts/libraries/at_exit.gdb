# SPDX-License-Identifier: GPL-2.0-or-later
# a function that runs at the exit, called by libc
# program: libraries
break at_the_end
continue
bt -frame-arguments none 3
continue
