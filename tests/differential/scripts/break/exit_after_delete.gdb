# SPDX-License-Identifier: GPL-2.0-or-later
# a breakpoint, deleted at its hit, then the end
break main
break fill
continue
delete
continue
print $_exitcode
