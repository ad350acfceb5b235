# SPDX-License-Identifier: GPL-2.0-or-later
# an expression with a pointer: the pointer may change too
# program: watched
break write_pointed
continue
watch *pointer
continue
continue
continue
