# SPDX-License-Identifier: GPL-2.0-or-later
# info scope, info symbol, info address
info scope loop
info symbol total
info address total
info symbol main
info address add
break loop
continue
info address sum
