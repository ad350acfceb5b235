# SPDX-License-Identifier: GPL-2.0-or-later
# stop-on-solib-events
# program: libraries
break compare
continue
delete
set stop-on-solib-events 1
continue
bt -2
continue
