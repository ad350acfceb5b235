# SPDX-License-Identifier: GPL-2.0-or-later
# info proc: command line, program
# program: basics one two
break add
continue
info proc cmdline
info proc exe
pipe info proc | grep -v cwd
