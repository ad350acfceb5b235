# SPDX-License-Identifier: GPL-2.0-or-later
# more arguments than registers
break many
continue
info args
up
down
finish
