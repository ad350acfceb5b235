# SPDX-License-Identifier: GPL-2.0-or-later
# disable, enable once, enable count, delete
break factorial
disable 1
break loop
continue
enable once 1
info breakpoints
delete 2
break last
enable count 2 3
continue
continue
info breakpoints
