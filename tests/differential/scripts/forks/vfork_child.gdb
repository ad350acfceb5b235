# SPDX-License-Identifier: GPL-2.0-or-later
# vfork, gdb goes with the child
# program: forks vfork
set follow-fork-mode child
continue
print $_exitcode
