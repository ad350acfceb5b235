# SPDX-License-Identifier: GPL-2.0-or-later
# watch: stops when the value changes, not when it stays
# program: watched
watch plain
continue
continue
continue
continue
info watchpoints
