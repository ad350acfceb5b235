# SPDX-License-Identifier: GPL-2.0-or-later
# a watchpoint is disabled and deleted
# program: watched
watch plain
continue
disable 1
tbreak write_box
continue
enable 1
watch box.id
continue
delete 2
break write_bytes
continue
