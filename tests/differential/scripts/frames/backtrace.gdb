# SPDX-License-Identifier: GPL-2.0-or-later
# bt, limits, full
break factorial if n == 2
continue
bt
bt 2
bt -2
bt full 2
where
