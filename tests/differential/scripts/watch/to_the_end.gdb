# SPDX-License-Identifier: GPL-2.0-or-later
# a watchpoint until the program ends
# program: watched
watch box.value
continue
continue
