# SPDX-License-Identifier: GPL-2.0-or-later
# until with a place
break loop
continue
until 124
info locals
