# SPDX-License-Identifier: GPL-2.0-or-later
# a threaded program ends
# program: threads
break visit if who == 2 && round == 3
continue
delete
continue
print $_exitcode
