# SPDX-License-Identifier: GPL-2.0-or-later
# breakpoints by file and line, listed and saved
break basics.c:add
break basics.c:120 if rounds > 3
save breakpoints /dev/stdout
continue
