# SPDX-License-Identifier: GPL-2.0-or-later
# info sharedlibrary
# program: libraries
break opened
continue
info sharedlibrary
bt
