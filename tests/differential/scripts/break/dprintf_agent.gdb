# SPDX-License-Identifier: GPL-2.0-or-later
# dprintf formatted by the target
set dprintf-style agent
dprintf factorial,"n=%d\n", n
break finish_line
continue
