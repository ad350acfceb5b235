# SPDX-License-Identifier: GPL-2.0-or-later
# no breakpoint: the program ends
continue
info inferiors
print $_exitcode
