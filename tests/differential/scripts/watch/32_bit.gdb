# SPDX-License-Identifier: GPL-2.0-or-later
# watchpoints in a 32-bit program
# program: watched-32
# bits: 32
watch plain
continue
continue
delete
rwatch box.id
awatch array[3]
continue
bt
