# SPDX-License-Identifier: GPL-2.0-or-later
# info proc status: name, owner, threads
# program: basics
break add
continue
pipe info proc status | grep -E '^(Name|Uid|Gid|Threads)'
