# SPDX-License-Identifier: GPL-2.0-or-later
# skip: step does not go into what is skipped
skip function name_of
break basics.c:220
continue
step
bt
