# SPDX-License-Identifier: GPL-2.0-or-later
# awatch: writes and reads
# program: watched
awatch plain
continue
continue
continue
continue
continue
info watchpoints
