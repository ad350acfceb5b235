# SPDX-License-Identifier: GPL-2.0-or-later
# catch vfork
# program: forks vfork
catch vfork
continue
bt -1
tbreak parent_work
continue
print status
