# SPDX-License-Identifier: GPL-2.0-or-later
# of a 32-bit program
# program: basics-32
# bits: 32
catch syscall exit_group
continue
print $orig_eax
print $ebx
info breakpoints
continue
print $_exitcode
