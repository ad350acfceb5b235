# SPDX-License-Identifier: GPL-2.0-or-later
# overloads and templates
# program: plusplus
break overloaded
info breakpoints
continue
bt 1
continue
bt 1
break largest<double>
ptype largest<int>
print overloaded(7)
print overloaded(2.0)
