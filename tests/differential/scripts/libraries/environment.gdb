# SPDX-License-Identifier: GPL-2.0-or-later
# the environment, by libc's own variable
# program: libraries
break compare
continue
print environ[0]
print environ[1]
print environ[2]
