# SPDX-License-Identifier: GPL-2.0-or-later
# commands that run at each hit and go on
break factorial
commands
silent
printf "factorial of %d\n", n
continue
end
break finish_line
continue
info breakpoints
