# SPDX-License-Identifier: GPL-2.0-or-later
# finish says what a function returned: int, long, double, pointer, structs
break add
break factorial if n == 1
break half
break name_of
break mirror
break fill
continue
finish
continue
finish
continue
finish
delete 4
continue
finish
continue
finish
continue
finish
