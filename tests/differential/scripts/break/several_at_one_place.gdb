# SPDX-License-Identifier: GPL-2.0-or-later
# three breakpoints at one place
break add
break add
tbreak add
continue
info breakpoints
delete 1
continue
