# SPDX-License-Identifier: GPL-2.0-or-later
# gcore, and what a second gdb finds in the core
# program: basics
break factorial if n == 3
continue
gcore SCRATCH/differ.core
shell gdb -q -nx -batch -iex 'set debuginfod enabled off' -ex 'core-file SCRATCH/differ.core' -ex 'bt' -ex 'info registers rip' -ex 'print numbers' build/differential/root/bin/basics 2>&1 | grep -E '^(#|rip|\$|Core)'
shell rm -f SCRATCH/differ.core
