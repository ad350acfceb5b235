# SPDX-License-Identifier: GPL-2.0-or-later
# convenience variables, history
set $a = numbers[2]
print $a * 2
set $p = &square
print $p->name
print $p->corner[1].x
print $_gdb_setting("height")
print $_thread
print $_inferior
print $
print $$2
show values 2
