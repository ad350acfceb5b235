# SPDX-License-Identifier: GPL-2.0-or-later
# rwatch
# program: watched
rwatch plain
continue
bt
continue
info watchpoints
