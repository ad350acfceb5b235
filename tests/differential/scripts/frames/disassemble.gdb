# SPDX-License-Identifier: GPL-2.0-or-later
# disassemble
disassemble half
disassemble /r half
disassemble /s add
x/8i multiply
break half
continue
disassemble
