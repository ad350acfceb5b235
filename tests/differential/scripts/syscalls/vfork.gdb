# SPDX-License-Identifier: GPL-2.0-or-later
# vfork and its end
# program: forks vfork
catch syscall vfork wait4
continue
print $orig_rax
continue
bt -1
continue
continue
print status
