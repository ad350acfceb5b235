# SPDX-License-Identifier: GPL-2.0-or-later
# a virtual call, this, dynamic type
# program: plusplus
break figures::Square::area
continue
print *this
print this->side_
print id_
bt
set print object on
up
print figure
print *figure
ptype figure
