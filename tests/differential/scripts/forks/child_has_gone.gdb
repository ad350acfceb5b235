# SPDX-License-Identifier: GPL-2.0-or-later
# fork followed to the parent's end
# program: forks fork
continue
print $_exitcode
