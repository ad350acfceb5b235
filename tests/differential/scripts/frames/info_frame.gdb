# SPDX-License-Identifier: GPL-2.0-or-later
# info frame
break mirror
continue
info frame
up
info frame
