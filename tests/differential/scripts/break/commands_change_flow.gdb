# SPDX-License-Identifier: GPL-2.0-or-later
# commands that change a variable and delete their breakpoint
break loop
commands
set var rounds = 2
delete 1
end
break length_of
continue
continue
print total
