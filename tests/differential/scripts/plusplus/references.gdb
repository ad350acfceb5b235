# SPDX-License-Identifier: GPL-2.0-or-later
# references, strings, lambdas
# program: plusplus
break with_reference
continue
print a
print text
print &a
set var a = 100
finish
break plusplus.cc:84
continue
step
info args
bt 2
