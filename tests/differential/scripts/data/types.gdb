# SPDX-License-Identifier: GPL-2.0-or-later
# info types, functions, variables
info functions ^facto
info variables ^matrix$
info types ^shape$
whatis operation
ptype add
ptype list
info line add
