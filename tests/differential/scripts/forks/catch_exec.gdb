# SPDX-License-Identifier: GPL-2.0-or-later
# catch exec, symbols of the new program
# program: forks exec
catch exec
continue
info breakpoints
break again
continue
bt
