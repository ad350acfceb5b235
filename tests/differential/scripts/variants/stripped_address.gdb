# SPDX-License-Identifier: GPL-2.0-or-later
# breakpoints by address in a program without symbols
# program: basics-static-pie
break add
continue
set var $here = $pc
delete
tbreak *$here
continue
x/2i $pc
tbreak *&multiply
info breakpoints
continue
