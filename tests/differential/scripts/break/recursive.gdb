# SPDX-License-Identifier: GPL-2.0-or-later
# each level of a recursion is a hit of its own
break factorial
continue
continue
continue
bt
continue 2
bt 2
bt -1
