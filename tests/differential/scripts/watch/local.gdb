# SPDX-License-Identifier: GPL-2.0-or-later
# a watchpoint on a local goes with its frame
# program: watched
break local
continue
watch counter
continue
continue
continue
continue
