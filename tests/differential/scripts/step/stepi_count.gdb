# SPDX-License-Identifier: GPL-2.0-or-later
# many instructions with one command
break factorial
continue
stepi 20
nexti 10
x/i $pc
