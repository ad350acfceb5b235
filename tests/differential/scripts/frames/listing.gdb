# SPDX-License-Identifier: GPL-2.0-or-later
# source lines
list add
list
list -
list basics.c:100,104
list factorial,
info line basics.c:57
info line multiply
info source
