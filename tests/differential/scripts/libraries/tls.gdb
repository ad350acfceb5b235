# SPDX-License-Identifier: GPL-2.0-or-later
# thread-local variables of the program and of a library
# program: libraries
set breakpoint pending on
break compare
break library_step
continue
print own_tls
delete 1
continue
print library_tls
print own_tls
next
next
next
print library_tls
