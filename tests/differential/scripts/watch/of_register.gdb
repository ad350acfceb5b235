# SPDX-License-Identifier: GPL-2.0-or-later
# a register is watched, step by step
# program: watched
break read_plain
continue
watch $rax
continue
continue
