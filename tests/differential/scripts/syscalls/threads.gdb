# SPDX-License-Identifier: GPL-2.0-or-later
# calls that make threads
# program: threads
catch syscall clone3
continue
print $orig_rax
continue
bt -1
continue
delete
tbreak all_ended
continue
print calls
