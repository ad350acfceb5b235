# SPDX-License-Identifier: GPL-2.0-or-later
# the exit code of a program
# program: forks exit
continue
print $_exitcode
info inferiors 2
