# SPDX-License-Identifier: GPL-2.0-or-later
# nexti goes over a call instruction
break basics.c:214
continue
nexti
nexti
nexti
nexti
nexti
x/i $pc
