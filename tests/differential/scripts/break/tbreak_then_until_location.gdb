# SPDX-License-Identifier: GPL-2.0-or-later
# advance to a place that is further down
tbreak main
tbreak loop
continue
advance basics.c:124
info locals
