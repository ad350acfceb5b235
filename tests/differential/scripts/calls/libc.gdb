# SPDX-License-Identifier: GPL-2.0-or-later
# functions of libc are called
break finish_line
continue
print (int)strlen(letters)
print (int)abs(-5)
print (void *)malloc(3) != 0
print $_streq(letters, "x")
print (int)getppid() > 0
