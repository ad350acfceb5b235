# SPDX-License-Identifier: GPL-2.0-or-later
# two hundred steps, one by one
# program: basics
break loop
continue
step 100
info locals
step 50
info locals
