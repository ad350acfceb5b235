# SPDX-License-Identifier: GPL-2.0-or-later
# segments of a process in user mode
break add
continue
info registers cs ss ds es fs gs
print $fs_base != 0
print $gs_base
