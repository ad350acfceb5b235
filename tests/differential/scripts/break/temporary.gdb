# SPDX-License-Identifier: GPL-2.0-or-later
# tbreak goes after its hit
tbreak add
tbreak multiply
info breakpoints
continue
continue
info breakpoints
