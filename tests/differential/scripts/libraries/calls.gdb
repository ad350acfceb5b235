# SPDX-License-Identifier: GPL-2.0-or-later
# functions of libraries are called
# program: libraries
break library_callback
set breakpoint pending on
break library_callback
continue
print library_step(5)
print library_calls
print (int)strlen("four")
print (int)abs(-3)
