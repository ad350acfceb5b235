# SPDX-License-Identifier: GPL-2.0-or-later
# a condition that reads where nothing is counts as true, with the error
break loop if *(int *)0 == 5
continue
bt
