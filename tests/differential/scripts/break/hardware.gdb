# SPDX-License-Identifier: GPL-2.0-or-later
# hbreak and thbreak
hbreak multiply
thbreak add
continue
continue
info breakpoints
